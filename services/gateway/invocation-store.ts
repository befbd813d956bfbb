import { Problem } from 'ebb/contract'
import type { GatewayMetrics, Invocations } from 'ebb/http/gateway'
import type { Log } from 'ebb/kernel'
import type pg from 'pg'
import { createOutboxNotifier } from '../../src/data/outbox.ts'
import { createRunStatement } from '../../src/data/postgres/run-statement.ts'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { acceptInvocation, findInvocation } from '../../src/data/queue/invocations.ts'

const LIMIT_MS = 2_000
/** Beyond them, a call is refused at once: it would not be kept in time. */
const MAX_WAITING = 200

interface InvocationStoreOptions extends Pick<GatewayMetrics, 'shed'> {
  /** That are kept or looked up at a time. */
  readonly maxRunning: number
  readonly log: Log
}

/** Asynchronous calls as the database keeps them; whoever waits for it gets a Problem 503 after 2 s at most. */
export function openInvocationStore(
  pool: pg.Pool,
  { maxRunning, shed, log }: InvocationStoreOptions,
): Invocations & { close(): Promise<void> } {
  const outbox = createOutboxNotifier(pool)
  const database = { pool, outbox, log, run: createRunStatement() }
  const overflow = () => {
    shed('invocations')
    return unavailable()
  }
  const pass = createBulkhead({ maxRunning, maxWaiting: MAX_WAITING, overflow })
  return {
    accept: async (invocation, { signal, ...options }) => {
      const limit = new AbortController()
      const timer = setTimeout(() => limit.abort(unavailable()), LIMIT_MS)
      const either = AbortSignal.any([signal, limit.signal])
      const bounds = { signal: either, timeoutMs: LIMIT_MS }
      try {
        return await pass(either, () => acceptInvocation(database, invocation, { ...options, ...bounds }))
      } finally {
        clearTimeout(timer)
      }
    },
    find: (id, { sub }) =>
      pass(AbortSignal.timeout(LIMIT_MS), () =>
        queryWithTimeout(pool, LIMIT_MS, (client) => findInvocation(client, id, { caller: sub })),
      ).catch((cause: unknown) => {
        throw unavailable(cause)
      }),
    close: outbox.flush,
  }
}

const unavailable = (cause?: unknown) =>
  new Problem('unavailable', 503, 'Asynchronous calls cannot be kept or looked up just now.', {
    cause,
    retryAfterSeconds: 2,
  })

interface BulkheadOptions {
  /** Works that run at a time. */
  readonly maxRunning: number
  readonly maxWaiting: number
  /** Returns what a work rejects with for which there is no room. */
  readonly overflow: () => Error
}

/** Lets some works run at a time and some more wait their turn, no longer than until their signals abort. */
export function createBulkhead({ maxRunning, maxWaiting, overflow }: BulkheadOptions) {
  const waiting = new Set<() => void>()
  let running = 0
  const leave = () => {
    const [next] = waiting
    if (!next) return void running--
    waiting.delete(next)
    next()
  }

  async function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (running < maxRunning) return void running++
    if (waiting.size >= maxWaiting) throw overflow()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const giveUp = () => void (waiting.delete(resolve) && reject(signal.reason))
    waiting.add(resolve)
    signal.addEventListener('abort', giveUp)
    await promise.finally(() => signal.removeEventListener('abort', giveUp))
  }

  return async function pass<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    await enter(signal)
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
