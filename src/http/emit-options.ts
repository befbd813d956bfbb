/**
 * How an event is emitted.
 * @example const inAnHour: EmitOptions = { partition: 'order 17', afterMs: 3_600_000 }
 */
export interface EmitOptions {
  /** What the event is about, with at most 1,000 characters. */
  readonly subject?: string
  /**
   * Each subscriber takes the events of one type and partition in the order of their commits, one after the other; at most 200
   * characters. One that is dead holds nothing up. Requests that emit to the same partition wait for each other's end.
   */
  readonly partition?: string
  /** Not delivered before then: a Date or RFC 3339, at most a year ahead. */
  readonly at?: Date | string
  /** The same from now on, in milliseconds. */
  readonly afterMs?: number
}

/** The options as they are stored with an event. */
export interface ReadEmitOptions {
  readonly subject?: string
  readonly partition?: string
  /** RFC 3339 in UTC. */
  readonly dueAt?: string
}

const MAX_PARTITION_LENGTH = 200
const MAX_AFTER_MS = 366 * 86_400_000
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i

/** Throws an Error that says which option of this event cannot be kept. */
export function readEmitOptions(
  type: string,
  { subject, partition, at, afterMs }: EmitOptions,
  now = Date.now(),
): ReadEmitOptions {
  const refuse = (reason: string) => new Error(`${type} is not emitted: ${reason}`)
  if (partition !== undefined && (partition === '' || partition.length > MAX_PARTITION_LENGTH))
    throw refuse(`\`partition\` must have 1 to ${MAX_PARTITION_LENGTH} characters`)
  if (at !== undefined && afterMs !== undefined) throw refuse('say `at` or `afterMs`, not both')
  const due = at === undefined ? afterMs && now + afterMs : toTime(at)
  if (due !== undefined && !(due <= now + MAX_AFTER_MS))
    throw refuse('`at` must be a Date or RFC 3339, `afterMs` a number, and neither more than a year ahead')
  return {
    ...(subject ? { subject } : {}),
    ...(partition === undefined ? {} : { partition }),
    ...(due === undefined || due <= now ? {} : { dueAt: new Date(due).toISOString() }),
  }
}

const toTime = (at: Date | string): number =>
  typeof at !== 'string' ? at.getTime() : RFC_3339.test(at) ? Date.parse(at) : Number.NaN
