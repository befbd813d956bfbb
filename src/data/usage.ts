import type pg from 'pg'
import type { Quota } from '../contract/index.ts'
import type { Charge } from '../kernel/index.ts'

/** A charge, and how many requests of it are counted at once. */
export interface UsageEntry {
  readonly charge: Charge
  /** Requests that wait for the quota to grant them. */
  readonly wanted: number
  /** Requests that were let through already; below 0 where they are given back. */
  readonly counted: number
  /** Requests that a limit has refused. */
  readonly refused: number
}

/** What a quota has granted of what an entry wanted. */
export interface Granted {
  readonly granted: number
  /** Of the quota, in its running day or month, with those that were granted. */
  readonly used: number
  /** Until the next day or month. */
  readonly resetMs: number
}

/**
 * Counts a batch of a gateway, in one transaction; in the entries' order, what was granted to those that have a quota. A
 * batch whose number was counted before is not counted again: its outcome is returned as it was.
 */
export async function recordUsage(
  client: pg.ClientBase,
  { gateway, number }: { readonly gateway: string; readonly number: number },
  entries: readonly UsageEntry[],
): Promise<readonly (Granted | undefined)[]> {
  const { rows } = await client.query<{ readonly outcome: readonly (Granted & { readonly n: number })[] }>(
    'select ebb.record_usage($1, $2, $3) as outcome',
    [gateway, number, JSON.stringify(entries.map(toRow))],
  )
  const byEntry = new Map(rows[0]?.outcome.map((granted) => [granted.n, granted]))
  return entries.map((_entry, n) => byEntry.get(n))
}

const toRow = ({ charge, ...counts }: UsageEntry, n: number) => ({
  ...counts,
  ...{ n, holder: charge.holder, plan: charge.plan, subject: charge.subject },
  ...{ tenant: charge.tenant ?? '', key_id: charge.keyId ?? '' },
  ...{ per: charge.quota?.per, zone: charge.quota?.timeZone, requests: charge.quota?.requests },
})

/** What one caller has used on one day, by one plan and one key. */
export interface Usage {
  /** `2026-11-30`, of UTC. */
  readonly day: string
  readonly tenant: string | null
  readonly subject: string
  readonly plan: string
  /** Null where the caller had a token. */
  readonly keyId: string | null
  /** Those that were let through, whatever came of them. */
  readonly requests: number
  /** Those that a limit, a rate or a quota has refused. */
  readonly refused: number
}

/** Which usage to read; everything where nothing is said. Days are of UTC, and `to` is the last one. */
export interface UsageFilter {
  readonly tenant?: string | undefined
  readonly subject?: string | undefined
  readonly keyId?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/**
 * Reads the usage of each day, the oldest first. Without a `tenant` that of all tenants, and of callers without one: whoever
 * shows a caller its own must give both that caller's `subject` and its `tenant`, '' where it has none.
 */
export async function readUsage(
  pool: pg.Pool | pg.ClientBase,
  { tenant, subject, keyId, from, to }: UsageFilter = {},
): Promise<readonly Usage[]> {
  const { rows } = await pool.query<Usage>(
    `select to_char(day, 'YYYY-MM-DD') as day, nullif(tenant, '') as tenant, subject, plan, nullif(key_id, '') as "keyId",
            requests::float8 as requests, refused::float8 as refused
     from ebb.usage
     where ($1::text is null or tenant = $1) and ($2::text is null or subject = $2) and ($3::text is null or key_id = $3)
       and ($4::date is null or day >= $4) and ($5::date is null or day <= $5)
     order by day, tenant, subject, plan, key_id`,
    [tenant, subject, keyId, from, to],
  )
  return rows
}

/** What is used of a quota in its running day or month, as the database's clock has it. */
export async function readQuota(
  pool: pg.Pool | pg.ClientBase,
  holder: string,
  { per, timeZone }: Pick<Quota, 'per' | 'timeZone'>,
): Promise<number> {
  const { rows } = await pool.query<{ readonly used: number }>(
    `select used::float8 as used from ebb.quota
     where holder = $1 and per = $2 and starts_on = date_trunc($2, now() at time zone $3)::date`,
    [holder, per, timeZone],
  )
  return rows[0]?.used ?? 0
}
