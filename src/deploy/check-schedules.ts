import { ContractError, type Subscription } from '../contract/index.ts'
import { createCronTimes } from '../protocol/cron-times.ts'

/** Each contract is judged by the same times, whenever that is. */
const FROM = new Date('2026-01-01T00:00:00Z')
/** Of a schedule's times: for one that fires daily, more than a year. */
const LOOKED_AT = 500

/**
 * Refuses a schedule whose cron is none, names no time, or leaves no room for its jitter. For tools, where contracts are loaded: what
 * reads a cron would weigh on each function. Throws a ContractError.
 */
export function checkSchedules(subscriptions: readonly Pick<Subscription, 'name' | 'schedule'>[]): void {
  for (const { name, schedule } of subscriptions) {
    if (!schedule) continue
    const { cron, jitterMs } = schedule
    const gap = shortestGapMs(name, schedule)
    if (gap === undefined) throw new ContractError(name, `cron "${cron}" names no time; there is no such day`)
    if (jitterMs >= gap)
      throw new ContractError(name, `jitterMs must be less than ${gap}, after which cron "${cron}" fires again`)
  }
}

/** Undefined where there is no time at all. */
function shortestGapMs(name: string, schedule: NonNullable<Subscription['schedule']>): number | undefined {
  const { cron, jitterMs } = schedule
  try {
    const times = createCronTimes(schedule)
    let last = times.next(FROM)
    if (!last) return undefined
    let gap = Infinity
    for (let i = 0; jitterMs > 0 && i < LOOKED_AT; i++) {
      const next = times.next(last)
      if (!next) return gap
      gap = Math.min(gap, next.getTime() - last.getTime())
      last = next
    }
    return gap
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace('CronPattern: ', '') : cause
    throw new ContractError(name, `cron "${cron}" cannot be read (${why}); write it like 0 3 * * mon-fri`)
  }
}
