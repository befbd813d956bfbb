import type pg from 'pg'
import { inTransaction } from './postgres/pool.ts'

/** A tenant, and its plan by name. */
export interface TenantPlan {
  readonly tenant: string
  readonly plan: string
  /** RFC 3339. */
  readonly setAt: string
}

/** Notified when the plan of a tenant was set or taken away. */
export const PLANS_CHANNEL = 'ebb_plans'

const COLUMNS = 'tenant, plan, set_at as "setAt"'

/** The plans of the tenants, in the same order, by one query. */
export async function findTenantPlans(
  client: pg.ClientBase,
  tenants: readonly string[],
): Promise<readonly (string | undefined)[]> {
  const { rows } = await client.query<TenantPlan>(
    `select ${COLUMNS} from ebb.tenant_plan where tenant = any($1) and plan is not null`,
    [tenants],
  )
  const found = new Map(rows.map(({ tenant, plan }) => [tenant, plan]))
  return tenants.map((tenant) => found.get(tenant))
}

/** Lists the tenants that have a plan of their own, by name; `after` is the last tenant of the previous page. */
export async function listTenantPlans(
  pool: pg.Pool,
  {
    plan,
    after,
    limit = 50,
  }: {
    readonly plan?: string | undefined
    readonly after?: string | undefined
    readonly limit?: number | undefined
  } = {},
): Promise<readonly TenantPlan[]> {
  const { rows } = await pool.query<TenantPlan>(
    `select ${COLUMNS} from ebb.tenant_plan
     where plan is not null and ($1::text is null or plan = $1) and ($2::text is null or tenant > $2) order by tenant limit $3`,
    [plan, after, limit],
  )
  return rows
}

/** How many tenants, and how many live keys by themselves, have each plan. */
export async function countPlanHolders(
  pool: pg.Pool,
): Promise<Readonly<Record<string, { readonly tenants: number; readonly keys: number }>>> {
  const { rows } = await pool.query<{ readonly plan: string; readonly tenants: number; readonly keys: number }>(
    `select plan, sum(tenants)::int as tenants, sum(keys)::int as keys
     from (select plan, 1 as tenants, 0 as keys from ebb.tenant_plan where plan is not null
           union all
           select plan, 0, 1 from ebb.api_key
           where plan is not null and revoked_at is null and (expires_at is null or expires_at > now())) as holders
     group by plan`,
  )
  return Object.fromEntries(rows.map(({ plan, tenants, keys }) => [plan, { tenants, keys }]))
}

/** Sets the plan of a tenant, at once in all gateways; without a plan it has that of everybody again. */
export async function setTenantPlan(
  pool: pg.Pool,
  { tenant, plan, actor }: { readonly tenant: string; readonly plan: string | undefined; readonly actor: string },
): Promise<TenantPlan | undefined> {
  const set = await inTransaction(pool, async (client) => {
    const { rows } = await client.query<TenantPlan>(
      `insert into ebb.tenant_plan (tenant, plan) values ($1, $2)
       on conflict (tenant) do update set plan = excluded.plan, set_at = now() returning ${COLUMNS}`,
      [tenant, plan],
    )
    await client.query('insert into ebb.audit (actor, action, subject, tenant, detail) values ($1, $2, $3, $4, $5)', [
      actor,
      plan === undefined ? 'plan.unset' : 'plan.set',
      tenant,
      tenant,
      { plan: plan ?? null },
    ])
    return rows[0]
  })
  await pool.query(`notify ${PLANS_CHANNEL}`)
  return set
}
