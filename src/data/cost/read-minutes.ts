import type pg from 'pg'
import type { CostPeriod } from './read-cost.ts'

/** Counts by bucket: see `msOf`. */
export type RecordedDurations = Readonly<Record<string, number>>

/** The course of a function's calls in a minute, as one gateway or relay has seen it. */
export interface CallMinute {
  /** In seconds since 1970. */
  readonly second: number
  /** Pairs of a millisecond and how many calls began then. */
  readonly began: readonly number[]
  /** Calls that waited for no start, those that did, and of those the ones that the start was for. */
  readonly warm: RecordedDurations
  readonly waited: RecordedDurations
  readonly starts: RecordedDurations
  /** From the begin of responses to their end, of all together. */
  readonly tailSeconds: number
  /** Pairs of a millisecond and the hash of what was asked for. */
  readonly asked: readonly number[] | null
  readonly share: number
  /** How much of its hour the minutes are that were read, from 0 to 1. */
  readonly partOfHour: number
}

/**
 * Reads the minutes of a function, the oldest first; each gateway has rows of its own. Where there were more calls than `maxCalls`, it reads
 * the newest minutes.
 */
export async function readMinutes(
  pool: pg.Pool,
  name: string,
  { from, to, maxCalls }: CostPeriod & { readonly maxCalls: number },
): Promise<readonly CallMinute[]> {
  const { rows } = await pool.query<CallMinute>(
    `with recorded as (
       select *, date_trunc('hour', minute, 'UTC') as hour, sum(size) over (order by minute desc, recorder) - size as after
       from ebb.call_minute where function = $1 and minute >= $2 and minute < $3
     ),
     hours as (
       select hour, sum(size) filter (where after < $4)::float8 / greatest(sum(size), 1) as part from recorded group by hour
     )
     select extract(epoch from minute)::float8 as second, began, warm, waited, starts, tail_seconds as "tailSeconds", asked, share,
            part as "partOfHour"
     from recorded join hours using (hour) where after < $4 order by minute, recorder`,
    [name, from, to, maxCalls],
  )
  return rows
}
