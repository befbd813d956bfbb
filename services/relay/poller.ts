import type { Log } from 'ebb/kernel'
import type { RelayMetrics } from './metrics.ts'
import { processCall, reportAttempt } from './process-call.ts'
import type { LeasedCall, Queue, Target } from './queue.ts'

interface PollerOptions {
  /** What a cold start may take. */
  readonly startTimeoutMs: number
  readonly log: Log
  readonly metrics: RelayMetrics
  readonly maxInFlight: number
  /** From here on nothing is leased. */
  readonly closing: AbortSignal
  /** From here on what is in flight is given up. */
  readonly giveUp: AbortSignal
  /** Called when the last turn did not know what it would now find. */
  readonly wake: () => void
}

interface PollResult {
  /** Whether there was something to do. */
  readonly foundWork: boolean
  /** Until something is due for a function that had a free seat; Infinity where nothing waits. */
  readonly nextDueMs: number
}

/** What a lease outlives the longest push by, for settling it. */
const SETTLE_MS = 10_000

/** One round of the relay: gather, take back what is lost, lease what is due and set it on its way. */
export function createPoller(works: readonly Queue[], options: PollerOptions) {
  const { startTimeoutMs, maxInFlight, closing } = options
  const places = createSlots({ mostInFlight: maxInFlight })
  const flight = createInFlight(places, options)
  const leaseMsOf = ({ timeoutMs }: Target) => startTimeoutMs + timeoutMs + SETTLE_MS

  const takeBack = async (work: Queue, targets: readonly Target[]) => {
    const lost = await work.reclaimExpiredLeases(targets.map((target) => ({ target, leaseMs: leaseMsOf(target) })))
    for (const attempt of lost) reportAttempt(options, attempt, { ...attempt, error: 'the relay was lost' })
    return lost.length
  }

  const lease = async (work: Queue, target: Target, most: number) => {
    if (closing.aborted) return 0
    const leaseMs = leaseMsOf(target)
    const leaseEndsAt = performance.now() + leaseMs
    const leased = await work.lease(target, { most, leaseMs })
    for (const one of leased) flight.start(one, leaseEndsAt)
    return leased.length
  }

  /** One kind of work's part of a turn. */
  const takeOf = async (
    work: Queue,
    targets: readonly Target[],
    free: ReadonlyMap<string, number>,
  ): Promise<PollResult> => {
    const gathered = await work.fanOut()
    const lost = await takeBack(work, targets)
    const seats = targets.flatMap((target) => ({ target, most: free.get(target.name) ?? 0 }))
    const names = seats.flatMap(({ target, most }) => (most > 0 ? [target.name] : []))
    const due = await work.findDueTimes(names)
    const dueNow = seats.filter(({ target }) => (due.get(target.name) ?? 1) <= 0)
    const leased = await settleAll(dueNow.map(({ target, most }) => lease(work, target, most)))
    const foundWork = gathered + lost + leased.reduce((sum, count) => sum + count, 0) > 0
    return { foundWork, nextDueMs: Math.min(...due.values()) }
  }

  return {
    async take(): Promise<PollResult> {
      const known = works.map((work) => ({ work, targets: work.targets() }))
      const free = places.free(known.flatMap(({ targets }) => targets))
      const turns = await settleAll(known.map(({ work, targets }) => takeOf(work, targets, free)))
      return {
        foundWork: turns.some(({ foundWork }) => foundWork),
        nextDueMs: Math.min(...turns.map(({ nextDueMs }) => nextDueMs)),
      }
    },
    /** Resolves when nothing is in flight. */
    settled: flight.settled,
  }
}

/** Carries calls to their ends, each in a seat of its function's. */
function createInFlight(
  places: ReturnType<typeof createSlots>,
  { log, metrics, giveUp, wake }: Pick<PollerOptions, 'log' | 'metrics' | 'giveUp' | 'wake'>,
) {
  const running = new Set<Promise<void>>()
  return {
    start(leased: LeasedCall, leaseEndsAt: number): void {
      places.take(leased.function)
      const run = processCall(leased, { leaseEndsAt, log, metrics, signal: giveUp }).then(({ again }) => {
        running.delete(run)
        const wasFull = places.leave(leased.function)
        if (again || wasFull) wake()
      })
      running.add(run)
    },
    async settled(): Promise<void> {
      await Promise.all(running)
    },
  }
}

/** As Promise.all, but where one rejects it waits for the others too: none goes on behind the back of `settled`. */
async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}

const MAX_SLOTS_EACH = 100

/**
 * Counts the calls in flight. Each function has seats of its own (what its instances can take, at most 100, and at most
 * an equal share of `mostInFlight`), so that a slow one that fills its seats takes none from another.
 */
function createSlots({ mostInFlight }: { readonly mostInFlight: number }) {
  const taken = new Map<string, number>()
  let full = new Set<string>()
  const takenBy = (name: string) => taken.get(name) ?? 0
  return {
    /** The functions that can take more now, and how much. */
    free(targets: readonly Target[]): ReadonlyMap<string, number> {
      const share = Math.max(1, Math.floor(mostInFlight / targets.length))
      const seats = targets.map(({ name, scale }): [string, number] => {
        return [name, Math.min(scale.max * scale.concurrency, MAX_SLOTS_EACH, share) - takenBy(name)]
      })
      full = new Set(seats.flatMap(([name, free]) => (free <= 0 ? [name] : [])))
      return new Map(seats.filter(([, free]) => free > 0))
    },
    take(name: string): void {
      taken.set(name, takenBy(name) + 1)
    },
    /** Answers whether the function was full when it was last asked for. */
    leave(name: string): boolean {
      taken.set(name, takenBy(name) - 1)
      return full.has(name)
    },
  }
}
