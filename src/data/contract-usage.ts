import type pg from 'pg'

/** Requests of one caller to one endpoint. */
export interface UsageCount {
  readonly endpoint: string
  readonly version: string
  readonly kind: 'key' | 'client' | 'authorizer' | 'anonymous' | 'others'
  readonly caller: string
  readonly keyId: string | null
  readonly tenant: string | null
  readonly plan: string | null
  readonly requests: number
  /** How many of them had each optional field. */
  readonly fields: Readonly<Record<string, number>>
}

/** Adds counts to those of today. */
export async function recordContractUsage(client: pg.ClientBase, counts: readonly UsageCount[]): Promise<void> {
  const rows = counts.map(({ keyId, tenant, plan, ...count }) => ({
    ...{ ...count, key_id: keyId ?? '', tenant: tenant ?? '', plan: plan ?? '' },
  }))
  await client.query('select ebb.record_contract_usage($1)', [JSON.stringify(rows)])
}

/** What a caller has sent in some days. */
export interface SummedContractUsage extends UsageCount {
  /** RFC 3339. */
  readonly lastAt: string
}

/** Sums up the last days, today included, by endpoint and caller, the most requests first. */
export async function readContractUsage(
  pool: pg.Pool,
  { days, endpoint, limit }: { readonly days: number; readonly endpoint?: string | undefined; readonly limit: number },
): Promise<readonly SummedContractUsage[]> {
  const { rows } = await pool.query<SummedContractUsage>(readSql, [days, endpoint, limit])
  return rows
}

const readSql = /* sql */ `
with used as (
  select * from ebb.contract_usage
  where day > (now() at time zone 'UTC')::date - $1::int and ($2::text is null or endpoint = $2)
), per_field as (
  select endpoint, version, kind, caller, key_id, tenant, plan, name, sum(times::bigint) as times
  from used, jsonb_each_text(fields) as sent (name, times)
  group by endpoint, version, kind, caller, key_id, tenant, plan, name
), per_caller as (
  select endpoint, version, kind, caller, key_id, tenant, plan, jsonb_object_agg(name, times) as fields
  from per_field group by endpoint, version, kind, caller, key_id, tenant, plan
)
select endpoint, version, kind, caller, nullif(key_id, '') as "keyId", nullif(tenant, '') as tenant, nullif(plan, '') as plan,
       sum(requests)::float8 as requests,
       to_char(max(last_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "lastAt",
       coalesce((
         select per_caller.fields from per_caller
         where (per_caller.endpoint, per_caller.version, per_caller.kind, per_caller.caller, per_caller.key_id, per_caller.tenant, per_caller.plan)
             = (used.endpoint, used.version, used.kind, used.caller, used.key_id, used.tenant, used.plan)
       ), '{}') as fields
from used
group by endpoint, version, kind, caller, key_id, tenant, plan
order by requests desc, endpoint, caller
limit $3`
