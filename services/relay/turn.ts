import type { Log } from 'ebb/kernel'
import { deliver, tellAttempt } from './deliver.ts'
import type { RelayMetrics } from './metrics.ts'
import { createSeats } from './seats.ts'
import type { Leased, Target, Work } from './work.ts'

export interface TurnOptions {
  /** What a cold start may take. */
  readonly startTimeoutMs: number
  readonly log: Log
  readonly metrics: RelayMetrics
  readonly mostInFlight: number
  /** From here on nothing is leased. */
  readonly closing: AbortSignal
  /** From here on what is in flight is given up. */
  readonly giveUp: AbortSignal
  /** Called when the last turn did not know what it would now find. */
  readonly wake: () => void
}

export interface Turn {
  /** Whether there was something to do. */
  readonly found: boolean
  /** Until something is due for a function that had a free seat; Infinity where nothing waits. */
  readonly nextDueMs: number
}

/** What a lease outlives the longest push by, for settling it. */
const SETTLE_MS = 10_000

/** One round of the relay: gather, take back what is lost, lease what is due and set it on its way. */
export function createTurn(works: readonly Work[], options: TurnOptions) {
  const { startTimeoutMs, mostInFlight, closing } = options
  const places = createSeats({ mostInFlight })
  const flight = createFlight(places, options)
  const leaseMsOf = ({ timeoutMs }: Target) => startTimeoutMs + timeoutMs + SETTLE_MS

  const takeBack = async (work: Work, targets: readonly Target[]) => {
    const lost = await work.takeBack(targets.map((target) => ({ target, leaseMs: leaseMsOf(target) })))
    for (const attempt of lost) tellAttempt(options, attempt, { ...attempt, error: 'the relay was lost' })
    return lost.length
  }

  const lease = async (work: Work, target: Target, most: number) => {
    if (closing.aborted) return 0
    const leaseMs = leaseMsOf(target)
    const leaseEndsAt = performance.now() + leaseMs
    const leased = await work.lease(target, { most, leaseMs })
    for (const one of leased) flight.start(one, leaseEndsAt)
    return leased.length
  }

  /** One kind of work's part of a turn. */
  const takeOf = async (work: Work, targets: readonly Target[], free: ReadonlyMap<string, number>): Promise<Turn> => {
    const gathered = await work.gather()
    const lost = await takeBack(work, targets)
    const seats = targets.flatMap((target) => ({ target, most: free.get(target.name) ?? 0 }))
    const names = seats.flatMap(({ target, most }) => (most > 0 ? [target.name] : []))
    const due = await work.dueTimes(names)
    const dueNow = seats.filter(({ target }) => (due.get(target.name) ?? 1) <= 0)
    const leased = await allOf(dueNow.map(({ target, most }) => lease(work, target, most)))
    const found = gathered + lost + leased.reduce((sum, count) => sum + count, 0) > 0
    return { found, nextDueMs: Math.min(...due.values()) }
  }

  return {
    async take(): Promise<Turn> {
      const known = works.map((work) => ({ work, targets: work.targets() }))
      const free = places.free(known.flatMap(({ targets }) => targets))
      const turns = await allOf(known.map(({ work, targets }) => takeOf(work, targets, free)))
      return {
        found: turns.some(({ found }) => found),
        nextDueMs: Math.min(...turns.map(({ nextDueMs }) => nextDueMs)),
      }
    },
    /** Resolves when nothing is in flight. */
    settled: flight.settled,
  }
}

/** Carries calls to their ends, each in a seat of its function's. */
function createFlight(
  places: ReturnType<typeof createSeats>,
  { log, metrics, giveUp, wake }: Pick<TurnOptions, 'log' | 'metrics' | 'giveUp' | 'wake'>,
) {
  const running = new Set<Promise<void>>()
  return {
    start(leased: Leased, leaseEndsAt: number): void {
      places.take(leased.function)
      const run = deliver(leased, { leaseEndsAt, log, metrics, signal: giveUp }).then(({ again }) => {
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
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}
