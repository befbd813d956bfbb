import { Problem } from 'ebb/contract'
import type { GatewayMetrics, Invocations } from 'ebb/http/gateway'
import type { Log } from 'ebb/kernel'
import type pg from 'pg'
import { createOutboxNotifier } from '../../src/data/outbox.ts'
import { createRunStatement } from '../../src/data/postgres/run-statement.ts'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { acceptInvocation } from '../../src/data/queue/accept-invocation.ts'
import { cancelInvocation } from '../../src/data/queue/cancel-invocation.ts'
import { findInvocations, type InvocationQuestion, listInvocations } from '../../src/data/queue/find-invocations.ts'
import { readInvocationVersions } from '../../src/data/queue/invocation-versions.ts'
import { createInvocationNotifier } from '../../src/data/queue/notify-invocations.ts'
import { createBatcher } from './lookups.ts'
import { createInvocationWatch } from './watch-invocations.ts'

const TIMEOUT_MS = 2_000
/** More would not be stored in time, and are refused at once. */
const MAX_WAITING = 200
/** States that are looked up at a time, whole responses with them; and those that wait for that: many requests may wait for one relay. */
const STATES = { maxBatch: 20, maxWaiting: 5_000, timeoutMs: TIMEOUT_MS }

export interface InvocationStoreOptions extends Pick<GatewayMetrics, 'shed'> {
  /** Invocations that are stored or looked up at a time. */
  readonly maxRunning: number
  /** How long what became of one is kept. */
  readonly keepSeconds: number
  readonly log: Log
}

/** Opens the invocations in the database. Where it does not answer, callers get a Problem 503 after 2 s at most. */
export function openInvocationStore(
  pool: pg.Pool,
  { maxRunning, keepSeconds, shed, log }: InvocationStoreOptions,
): Invocations & {
  /** Calls have changed: their ids, with commas between them. */
  notified(ids: string): void
  /** Notifications may have been missed. */
  recheck(): void
  close(): Promise<void>
} {
  const outbox = createOutboxNotifier(pool)
  const notifier = createInvocationNotifier(pool)
  const database = { pool, outbox, log, run: createRunStatement() }
  const overflow = () => {
    shed('invocations')
    return unavailable()
  }
  const withSlot = createBulkhead({ maxRunning, maxWaiting: MAX_WAITING, overflow })
  const query = <Result>(run: (client: pg.PoolClient) => Promise<Result>): Promise<Result> =>
    withSlot(AbortSignal.timeout(TIMEOUT_MS), () => queryWithTimeout(pool, TIMEOUT_MS, run))
  const orUnavailable = <Result>(result: Promise<Result>) =>
    result.catch((cause: unknown) => {
      throw unavailable(cause)
    })
  const findOne = createBatcher(
    (questions: readonly InvocationQuestion[]) =>
      query((client) => findInvocations(client, questions, { keepSeconds })),
    { ...STATES, maxRunning, overflow },
  )
  const watch = createInvocationWatch((ids) => query((client) => readInvocationVersions(client, ids)))
  return {
    keepSeconds,
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
    find: (id, caller) => orUnavailable(findOne({ id, caller })),
    list: (caller, page) => orUnavailable(query((client) => listInvocations(client, caller, { ...page, keepSeconds }))),
    cancel: async (id, options) => {
      const cancelled = await orUnavailable(query((client) => cancelInvocation(client, id, options)))
      if (cancelled.isCancelled) notifier.changed(id)
      if (cancelled.hasCallback) outbox.notify('callbacks')
    },
    watch: watch.watch,
    notified: watch.notified,
    recheck: watch.recheck,
    close: async () => {
      watch.close()
      await Promise.all([outbox.flush(), notifier.flush()])
    },
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
