import type pg from 'pg'
import type { Usage, UsageFilter } from './usage.ts'

/** What one caller has used in a period, by one plan and one key; of one day where that was asked for. */
export interface SummedUsage extends Omit<Usage, 'day'> {
  readonly day: string | null
}

export interface SumOptions extends UsageFilter {
  /** A row for each day; default: one for all of them. */
  readonly byDay?: boolean
  readonly limit: number
}

/** Sums up usage, by tenant, caller, plan and key. */
export async function sumUsage(
  pool: pg.Pool,
  { tenant, subject, keyId, from, to, byDay = false, limit }: SumOptions,
): Promise<readonly SummedUsage[]> {
  const { rows } = await pool.query<SummedUsage>(
    `select to_char(of_day, 'YYYY-MM-DD') as day, nullif(tenant, '') as tenant, subject, plan, nullif(key_id, '') as "keyId",
            sum(requests)::float8 as requests, sum(refused)::float8 as refused
     from ebb.usage, lateral (select case when $6 then usage.day end) as days (of_day)
     where ($1::text is null or tenant = $1) and ($2::text is null or subject = $2) and ($3::text is null or key_id = $3)
       and ($4::date is null or day >= $4) and ($5::date is null or day <= $5)
     group by of_day, usage.tenant, subject, plan, usage.key_id
     order by usage.tenant, subject, plan, usage.key_id, of_day limit $7`,
    [tenant, subject, keyId, from, to, byDay, limit],
  )
  return rows
}
