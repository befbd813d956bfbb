import { createHash } from 'node:crypto'
import type { Schedule } from '../../src/contract/index.ts'
import { type Firing, MAX_WAITING, type Progress } from '../../src/data/queue/firings.ts'
import type { CronTimes } from '../../src/protocol/cron-times.ts'

/** How many times that were missed fire afterwards, at most, and are remembered. */
export const MAX_MISSED = 100
/** A time that is longer ago was missed, also where none has come since: it is more than a relay needs to be replaced. */
const LATE_MS = 60_000

interface Decision {
  /** In order: first one that has waited, where it may go now. */
  readonly firings: readonly Firing[]
  /** The first time that nothing was decided about. */
  readonly nextAt: Date
}

/**
 * Decides about all times of a schedule that have come since `nextAt`. The last of them is on time, unless it is more than a minute
 * ago; the others were missed. A firing that may not be at the same time as the one before is skipped or waits.
 */
export function decideFirings(
  schedule: Pick<Schedule, 'missed' | 'overlap' | 'jitterMs'> & { readonly name: string },
  times: CronTimes,
  { now, nextAt, inFlight, waiting }: Progress & { readonly nextAt: Date },
): Decision {
  const { missed, overlap } = schedule
  const delayOf = (plannedAt: Date) => jitterOf(schedule, plannedAt)
  const isDue = (plannedAt: Date) => plannedAt.getTime() + delayOf(plannedAt) <= now.getTime()
  const passed = isDue(nextAt) ? timesSince(nextAt, times, now) : [nextAt]
  const due = passed.filter(isDue)
  const last = due.at(-1)
  const isLate = last !== undefined && now.getTime() - last.getTime() - delayOf(last) > LATE_MS
  const chosen = missed === 'all' ? due.slice(-MAX_MISSED) : due.slice(isLate && missed === 'skip' ? due.length : -1)

  const released = inFlight ? undefined : waiting[0]
  let left = waiting.length - (released ? 1 : 0)
  let busy = inFlight || released !== undefined
  const fire = (): Firing['state'] => {
    if (!busy) {
      busy = true
      return 'fired'
    }
    if (overlap === 'skip' || left >= MAX_WAITING) return 'skipped'
    left++
    return 'waiting'
  }
  const decided = due.map((plannedAt): Firing => {
    const state = chosen.includes(plannedAt) ? fire() : 'missed'
    return { plannedAt, state, manual: false }
  })
  return {
    firings: [...(released ? [{ ...released, state: 'fired' as const }] : []), ...decided],
    nextAt: passed.find((plannedAt) => !isDue(plannedAt)) ?? times.next(last ?? now) ?? FAR,
  }
}

/** The times from this one until now, the last ones: nearly always it is the only one. */
function timesSince(first: Date, times: CronTimes, now: Date): readonly Date[] {
  const second = times.next(first)
  if (!second || second > now) return [first]
  return times.last(MAX_MISSED + 1, now).filter((time) => time >= first)
}

/** Where no time follows, which no cron that was checked leads to. */
const FAR = new Date('9999-01-01T00:00:00Z')

/** By how many milliseconds a firing comes after its time: at random, and the same for all relays. */
export function jitterOf({ name, jitterMs }: Pick<Schedule, 'jitterMs'> & { readonly name: string }, plannedAt: Date) {
  if (jitterMs === 0) return 0
  const hash = createHash('sha256').update(`${name} ${plannedAt.toISOString()}`).digest()
  return hash.readUInt32BE() % (jitterMs + 1)
}
