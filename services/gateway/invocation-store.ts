import { Problem } from 'ebb/contract'
import type { GatewayMetrics, Invocations } from 'ebb/http/gateway'
import type { Log } from 'ebb/kernel'
import type pg from 'pg'
import { createOutboxNotifier } from '../../src/data/outbox.ts'
import { createRunStatement } from '../../src/data/postgres/run-statement.ts'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { acceptInvocation, findInvocation } from '../../src/data/queue/invocations.ts'

const TIMEOUT_MS = 2_000
/** More would not be stored in time, and are refused at once. */
const MAX_WAITING = 200

export interface InvocationStoreOptions extends Pick<GatewayMetrics, 'shed'> {
  /** Invocations that are stored or looked up at a time. */
  readonly maxRunning: number
  readonly log: Log
}

/** Opens the invocations in the database. Where it does not answer, callers get a Problem 503 after 2 s at most. */
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
  const withSlot = createBulkhead({ maxRunning, maxWaiting: MAX_WAITING, overflow })
  return {
    accept: async (invocation, { signal, ...options }) => {
      const timeout = new AbortController()
      const timer = setTimeout(() => timeout.abort(unavailable()), TIMEOUT_MS)
      const either = AbortSignal.any([signal, timeout.signal])
      const limits = { signal: either, timeoutMs: TIMEOUT_MS }
      try {
        return await withSlot(either, () => acceptInvocation(database, invocation, { ...options, ...limits }))
      } finally {
        clearTimeout(timer)
      }
    },
    find: (id, caller) =>
      withSlot(AbortSignal.timeout(TIMEOUT_MS), () =>
        queryWithTimeout(pool, TIMEOUT_MS, (client) => findInvocation(client, id, caller)),
      ).catch((cause: unknown) => {
        throw unavailable(cause)
      }),
    close: outbox.flush,
  }
}

const unavailable = (cause?: unknown) =>
  new Problem('unavailable', 503, 'Asynchronous calls cannot be stored or looked up; retry later.', {
    cause,
    retryAfterSeconds: 2,
  })

export interface BulkheadOptions {
  readonly maxRunning: number
  readonly maxWaiting: number
  /** Returns what a task rejects with when `maxWaiting` is reached. */
  readonly overflow: () => Error
}

/** Runs `maxRunning` tasks at a time, and lets `maxWaiting` more wait, each until its signal aborts. */
export function createBulkhead({ maxRunning, maxWaiting, overflow }: BulkheadOptions) {
  const waiting = new Set<() => void>()
  let running = 0

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

  function leave(): void {
    const [next] = waiting
    if (!next) return void running--
    waiting.delete(next)
    next()
  }

  return async function withSlot<Result>(signal: AbortSignal, task: () => Promise<Result>): Promise<Result> {
    await enter(signal)
    try {
      return await task()
    } finally {
      leave()
    }
  }
}
