import type * as z from 'zod'
import type { Deployment } from './deployment-shape.ts'
import type { Emits, EventContract } from './event-shape.ts'
import type { Retry } from './subscriber-shape.ts'

/**
 * A function that the relay calls at the times that its cron names, as `schedule()` takes it.
 * @example const shape: ScheduleShape = { name: 'close-books', summary: 'Close the books of the day before.', cron: '0 3 * * *' }
 */
export interface ScheduleShape extends Deployment {
  /** The name of its folder, image and service: a DNS label of at most 40 characters. */
  readonly name: string
  /** What it does, in one sentence. */
  readonly summary: string
  /** More than a sentence, in CommonMark. */
  readonly description?: string
  /**
   * When it fires: minute, hour, day of the month, month and day of the week, such as `0 3 * * mon-fri`; with six fields, the
   * first one is the second. `L` is the last day, `15W` the weekday nearest to the 15th, `fri#2` the second Friday. Where both days are
   * named, either does.
   */
  readonly cron: string
  /**
   * The time zone in which `cron` is read, by its IANA name, such as Europe/Berlin (default: UTC). A time that its clocks leave
   * out fires when they have gone forward, and one that they show twice fires once; with a `*` or a `/` in seconds, minutes or
   * hours, it fires as time passes.
   */
  readonly timeZone?: string
  /**
   * What becomes of the times at which nothing could fire, since no relay or no database ran (default: `once`): the last one fires,
   * `all` fire in order, at most the last 100, or those that are more than a minute ago are skipped.
   */
  readonly missed?: 'skip' | 'once' | 'all'
  /**
   * What happens where it is to fire while the firing before is not done, with all its attempts (default: `skip`): it does not,
   * or with `queue` it fires afterwards, at most 100 of them.
   */
  readonly overlap?: 'skip' | 'queue'
  /** Each firing comes this many milliseconds after its time at most, always the same for one time (default: 0, at most an hour). */
  readonly jitterMs?: number
  /** How often a firing is delivered. */
  readonly retry?: Retry
  /** The events that the handler may emit, by type. */
  readonly emits?: Emits
  /** The endpoints of this project that the handler may call, by their names: it calls them by `services()` of ebb/data. */
  readonly calls?: readonly string[]
  /** Each way in which the handler may refuse: a 4xx is final, while 408, 425, 429 and 5xx are retried. */
  readonly failures?: Readonly<Record<string, number>>
}

/** The schema of what a firing says. */
export type FiringSchema = z.ZodObject<{ readonly plannedAt: z.ZodISODateTime; readonly manual: z.ZodBoolean }>

/** The event that a schedule fires, `ebb.close_books.fired` for one called `close-books`. */
export type FiredEvent = EventContract<{ readonly type: string; readonly data: FiringSchema }>

/**
 * A schedule's contract as `schedule()` returns it: frozen, and known to be consistent. Its firings are events.
 * @example const times = (contracts: readonly ScheduleContract[]) => contracts.map(({ cron }) => cron)
 */
export type ScheduleContract<C extends ScheduleShape = ScheduleShape> = C & {
  readonly kind: 'schedule'
  /** The event of its firings, which no other function may take. */
  readonly on: FiredEvent
}
