import { Cron } from 'croner'
import type { Schedule } from '../contract/index.ts'

/** The times that a cron names in its time zone. */
export interface CronTimes {
  /** The first one after this; undefined where there is none. */
  next(after: Date): Date | undefined
  /** The last ones up to this, itself included, the oldest first. */
  last(limit: number, until: Date): readonly Date[]
}

const SECOND_MS = 1_000

/**
 * Reads a cron. Throws an Error where it is none. Where clocks go forward, a time that they leave out is the moment at which
 * they have; where they go back, one that they show twice is the first. With a wildcard or a step in seconds, minutes or hours, the
 * cron means that time passes, and names both, or none.
 */
export function createCronTimes({ cron, timeZone }: Pick<Schedule, 'cron' | 'timeZone'>): CronTimes {
  const parsed = new Cron(cron, { timezone: timeZone, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' })
  return {
    next: (after) => parsed.nextRun(after) ?? undefined,
    last: (limit, until) => {
      // It looks for those before what is given, and a cron's times are whole seconds.
      const nextSecond = (Math.floor(until.getTime() / SECOND_MS) + 1) * SECOND_MS
      return parsed.previousRuns(limit, new Date(nextSecond)).reverse()
    },
  }
}
