import type pg from 'pg'
import type { CostPeriod } from './read-cost.ts'

/** The course of a function's calls in a minute, as all gateways and relays together have seen it. */
export interface CallMinute {
  /** In seconds since 1970. */
  readonly second: number
  readonly began: readonly number[]
  readonly peaks: readonly number[]
  /** Counts by bucket: see `msOf`. */
  readonly warm: Readonly<Record<string, number>>
  readonly cold: Readonly<Record<string, number>>
  /** Pairs of a second and the hash of what was asked for. */
  readonly asked: readonly number[] | null
  readonly share: number
}

/** More than a week of one function at several gateways. */
const MAX_ROWS = 50_000

/** Reads the minutes of a function, the oldest first; each gateway has rows of its own. */
export async function readMinutes(
  pool: pg.Pool,
  name: string,
  { from, to }: CostPeriod,
): Promise<readonly CallMinute[]> {
  const { rows } = await pool.query<CallMinute>(
    `select extract(epoch from minute)::float8 as second, began, peaks, warm, cold, asked, share
     from ebb.call_minute where function = $1 and minute >= $2 and minute < $3 order by minute limit ${MAX_ROWS}`,
    [name, from, to],
  )
  return rows
}
