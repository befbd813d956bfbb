import type { Log } from 'ebb/kernel'
import type { RelayMetrics } from './metrics.ts'
import { processCall, reportAttempt } from './process-call.ts'
import type { LeasedCall, Queue, Target } from './queue.ts'

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

export interface PollResult {
  /** Whether there was something to do. */
  readonly foundWork: boolean
  /** Until a call is due for a function that had a free slot; Infinity where none waits. */
  readonly nextDueMs: number
}

/** By how much a lease outlives the longest call, for settling it. */
const SETTLE_MS = 10_000

/** Polls all queues: each poll fans out events, reclaims expired leases, leases what is due and starts it. */
export function createPoller(queues: readonly Queue[], options: PollerOptions) {
  const { startTimeoutMs, maxInFlight, closing } = options
  const slots = createSlots({ maxInFlight })
  const inFlight = createInFlight(slots, options)
  const getLeaseMs = ({ timeoutMs }: Target) => startTimeoutMs + timeoutMs + SETTLE_MS

  const reclaim = async (queue: Queue, targets: readonly Target[]) => {
    const known = targets.map((target) => ({ target, leaseMs: getLeaseMs(target) }))
    const reclaimed = await queue.reclaimExpiredLeases(known)
    for (const attempt of reclaimed) reportAttempt(options, attempt, { ...attempt, error: 'the relay was lost' })
    return reclaimed.length
  }

  const lease = async (queue: Queue, target: Target, limit: number) => {
    if (closing.aborted) return 0
    const leaseMs = getLeaseMs(target)
    const leaseEndsAt = performance.now() + leaseMs
    const leased = await queue.lease(target, { limit, leaseMs })
    for (const call of leased) inFlight.start(call, leaseEndsAt)
    return leased.length
  }

  const pollQueue = async (
    queue: Queue,
    targets: readonly Target[],
    free: ReadonlyMap<string, number>,
  ): Promise<PollResult> => {
    const fannedOut = await queue.fanOut()
    const reclaimed = await reclaim(queue, targets)
    const available = targets.map((target) => ({ target, limit: free.get(target.name) ?? 0 }))
    const names = available.flatMap(({ target, limit }) => (limit > 0 ? [target.name] : []))
    const due = await queue.findDueTimes(names)
    const dueNow = available.filter(({ target }) => (due.get(target.name) ?? 1) <= 0)
    const leased = await settleAll(dueNow.map(({ target, limit }) => lease(queue, target, limit)))
    const foundWork = fannedOut + reclaimed + leased.reduce((sum, count) => sum + count, 0) > 0
    return { foundWork, nextDueMs: Math.min(...due.values()) }
  }

  return {
    async poll(): Promise<PollResult> {
      const known = queues.map((queue) => ({ queue, targets: queue.targets() }))
      const free = slots.free(known.flatMap(({ targets }) => targets))
      const results = await settleAll(known.map(({ queue, targets }) => pollQueue(queue, targets, free)))
      return {
        foundWork: results.some(({ foundWork }) => foundWork),
        nextDueMs: Math.min(...results.map(({ nextDueMs }) => nextDueMs)),
      }
    },
    /** Resolves when nothing is in flight. */
    settled: inFlight.settled,
  }
}

/** Processes calls, each in a slot of its function. */
function createInFlight(
  slots: ReturnType<typeof createSlots>,
  { log, metrics, giveUp, wake }: Pick<PollerOptions, 'log' | 'metrics' | 'giveUp' | 'wake'>,
) {
  const running = new Set<Promise<void>>()
  return {
    start(leased: LeasedCall, leaseEndsAt: number): void {
      slots.take(leased.function)
      const run = processCall(leased, { leaseEndsAt, log, metrics, signal: giveUp }).then(({ again }) => {
        running.delete(run)
        const wasFull = slots.release(leased.function)
        if (again || wasFull) wake()
      })
      running.add(run)
    },
    async settled(): Promise<void> {
      await Promise.all(running)
    },
  }
}

const MAX_SLOTS_EACH = 100

/**
 * Counts the calls in flight. Each function has slots of its own (as many as its instances can take, at most 100, and at
 * most an equal share of `maxInFlight`), so that a slow one that fills its slots takes none from another.
 */
function createSlots({ maxInFlight }: { readonly maxInFlight: number }) {
  const taken = new Map<string, number>()
  let full = new Set<string>()
  const takenBy = (name: string) => taken.get(name) ?? 0
  return {
    /** Returns the functions that can take more calls now, and how many. */
    free(targets: readonly Target[]): ReadonlyMap<string, number> {
      const share = Math.max(1, Math.floor(maxInFlight / targets.length))
      const slots = targets.map(({ name, scale }): [string, number] => {
        return [name, Math.min(scale.max * scale.concurrency, MAX_SLOTS_EACH, share) - takenBy(name)]
      })
      full = new Set(slots.flatMap(([name, free]) => (free <= 0 ? [name] : [])))
      return new Map(slots.filter(([, free]) => free > 0))
    },
    take(name: string): void {
      taken.set(name, takenBy(name) + 1)
    },
    /** Returns whether the function had no free slot at the last poll. */
    release(name: string): boolean {
      taken.set(name, takenBy(name) - 1)
      return full.has(name)
    },
  }
}

/** Like Promise.all, but where one rejects it waits for the others too, so that `settled` misses none of them. */
async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}
