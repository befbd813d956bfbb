import type { Log } from 'ebb/kernel'
import { createDueTimes, type DueTimes } from './due-times.ts'
import type { RelayMetrics } from './metrics.ts'
import { processCall, reportAttempt } from './process-call.ts'
import type { LeasedCall, Queue, Target } from './queue.ts'
import { createSlots } from './slots.ts'

export interface PollerOptions {
  /** What a cold start may take. */
  readonly startTimeoutMs: number
  readonly log: Log
  readonly metrics: RelayMetrics
  readonly maxInFlight: number
  /** Once aborted, nothing is leased. */
  readonly closing: AbortSignal
  /** Once aborted, what is in flight is given up. */
  readonly giveUp: AbortSignal
  /** Called when there may be something to lease that the last poll could not see. */
  readonly wake: () => void
}

/** What a poll is to look at, besides what it knows to be due. */
export interface Look {
  /** The kinds of calls of which there are new ones, as NOTIFY tells. */
  readonly told: ReadonlySet<string>
  /** Whether to look at everything: what no NOTIFY has told of, and what other relays have left. */
  readonly everything: boolean
}

export interface PollResult {
  /** The kinds of which it found new ones: there may be more. */
  readonly found: ReadonlySet<string>
  /** Until a call is due for a function that has a free slot; Infinity where none is known to wait. */
  readonly nextDueMs: number
}

/** By how much a lease outlives the longest call, for settling it. */
const SETTLE_MS = 10_000
/** Until a lease is tried again for what is due and was not to be had: another relay is leasing it. */
const MIN_WAIT_MS = 10

/**
 * Polls all queues: each poll takes what is new where it was told of it, and leases and starts what is due. What is due
 * when is remembered; all of it is looked up, and expired leases are reclaimed, where a poll is to look at everything.
 */
export function createPoller(queues: readonly Queue[], options: PollerOptions) {
  const { startTimeoutMs, maxInFlight, closing, log, metrics, giveUp, wake } = options
  const slots = createSlots({ maxInFlight })
  const polled = queues.map((queue) => ({ queue, due: createDueTimes() }))
  const running = new Set<Promise<void>>()
  const getLeaseMs = ({ timeoutMs }: Target) => startTimeoutMs + timeoutMs + SETTLE_MS

  const start = (leased: LeasedCall, leaseEndsAt: number, due: DueTimes) => {
    const { function: name, isOneOfMany = false } = leased
    slots.take(name)
    const run = processCall(leased, { leaseEndsAt, log, metrics, signal: giveUp }).then(
      ({ retryInMs, unblocksOthers }) => {
        running.delete(run)
        slots.release(name, { failed: retryInMs !== undefined && !isOneOfMany })
        if (retryInMs !== undefined) due.add(name, retryInMs)
        if (unblocksOthers) due.add(name, 0)
        if (retryInMs !== undefined || due.isDue(name)) wake()
      },
    )
    running.add(run)
  }

  const reclaim = async (queue: Queue, targets: readonly Target[]) => {
    const known = targets.map((target) => ({ target, leaseMs: getLeaseMs(target) }))
    const reclaimed = await queue.reclaimExpiredLeases(known)
    for (const attempt of reclaimed) reportAttempt(options, attempt, { ...attempt, error: 'the relay was lost' })
  }

  const lease = async (queue: Queue, due: DueTimes, target: Target) => {
    const limit = slots.free(target)
    if (closing.aborted || limit === 0 || !due.isDue(target.name)) return
    const leaseMs = getLeaseMs(target)
    const leaseEndsAt = performance.now() + leaseMs
    due.forget([target.name])
    const leased = await queue.lease(target, { limit, leaseMs })
    for (const call of leased) start(call, leaseEndsAt, due)
    if (leased.length === limit) return due.add(target.name, 0)
    const next = await queue.findDueTimes([target.name])
    for (const [name, dueInMs] of next) due.add(name, Math.max(dueInMs, MIN_WAIT_MS))
  }

  const lookUpDue = async (queue: Queue, due: DueTimes, targets: readonly Target[]) => {
    const names = targets.map(({ name }) => name)
    due.forget(names)
    for (const [name, dueInMs] of await queue.findDueTimes(names)) due.add(name, dueInMs)
  }

  const takeNew = async (queue: Queue, due: DueTimes, targets: readonly Target[]) => {
    const leaseable = targets.map((target) => {
      // Those that wait go first.
      const limit = closing.aborted || due.isDue(target.name) ? 0 : slots.free(target)
      return { target, limit, leaseMs: getLeaseMs(target) }
    })
    const endOfLease = new Map(leaseable.map(({ target, leaseMs }) => [target.name, performance.now() + leaseMs]))
    const taken = await queue.takeNew?.(leaseable)
    for (const call of taken?.leased ?? []) start(call, endOfLease.get(call.function) ?? 0, due)
    for (const [name, dueInMs] of taken?.waiting ?? []) due.add(name, dueInMs)
    return taken?.count ?? 0
  }

  const pollQueue = async (queue: Queue, due: DueTimes, { told, everything }: Look) => {
    const targets = queue.targets()
    const isTold = everything || told.has(queue.kind)
    const lookUp = async () => {
      if (everything) await reclaim(queue, targets)
      if (everything || (isTold && !queue.takeNew)) await lookUpDue(queue, due, targets)
      return 0
    }
    // Side by side: what is new does not wait until all the rest has been looked at.
    const [count = 0] = await settleAll([isTold ? takeNew(queue, due, targets) : 0, lookUp()])
    await settleAll(targets.map((target) => lease(queue, due, target)))
    const nextDueMs = targets.map((target) => {
      const pausedMs = slots.pausedMs(target.name)
      return pausedMs > 0 || slots.free(target) > 0
        ? Math.max(due.next(target.name), pausedMs)
        : Number.POSITIVE_INFINITY
    })
    return { count, nextDueMs: Math.min(...nextDueMs) }
  }

  return {
    async poll(look: Look): Promise<PollResult> {
      slots.share(queues.reduce((sum, queue) => sum + queue.targets().length, 0))
      const results = await settleAll(
        polled.map(async ({ queue, due }) => ({ queue, ...(await pollQueue(queue, due, look)) })),
      )
      return {
        found: new Set(results.flatMap(({ queue, count }) => (count > 0 ? [queue.kind] : []))),
        nextDueMs: Math.min(...results.map(({ nextDueMs }) => nextDueMs)),
      }
    },
    /** Resolves when nothing is in flight. */
    async settled(): Promise<void> {
      await Promise.all(running)
    },
  }
}

/** Like Promise.all, but where one rejects it waits for the others too, so that `settled` misses none of them. */
async function settleAll<T>(promises: readonly (T | Promise<T>)[]): Promise<T[]> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}
