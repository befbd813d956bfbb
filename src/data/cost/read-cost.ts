import type pg from 'pg'

/** What processes that reserve the same have used in an hour. */
export interface InstanceSum {
  readonly at: Date
  readonly kind: 'function' | 'gateway' | 'relay'
  readonly name: string
  readonly cpuMilli: number
  readonly memoryMib: number
  readonly instances: number
  readonly starting: number
  readonly busy: number
  readonly idle: number
  readonly cpu: number
  readonly database: number
}

/** The requests of a route, plan and tenant in a period, as the gateways or the relays have counted them. */
export interface CallSum {
  readonly route: string
  readonly by: 'gateway' | 'relay'
  readonly plan: string | null
  readonly tenant: string | null
  readonly requests: number
  readonly calls: number
  /** Of the requests, those whose call comes later, from a relay. */
  readonly deferred: number
  readonly coldStarts: number
  readonly warmSeconds: number
  readonly bytes: number
}

export interface CostPeriod {
  /** Whole hours; `to` is past the last one. */
  readonly from: Date
  readonly to: Date
}

const INSTANCE_COLUMNS = `kind, name, cpu_milli as "cpuMilli", memory_mib as "memoryMib", instances, starting_seconds as starting,
  busy_seconds as busy, idle_seconds as idle, cpu_seconds as cpu, database_seconds as database`

/** Reads the seconds of processes, the oldest hour first. */
export async function readInstances(pool: pg.Pool, { from, to }: CostPeriod): Promise<readonly InstanceSum[]> {
  const { rows } = await pool.query<InstanceSum>(
    `select hour as at, ${INSTANCE_COLUMNS} from ebb.instance_hour where hour >= $1 and hour < $2
     order by hour, kind, name, cpu_milli, memory_mib`,
    [from, to],
  )
  return rows.map((row) => ({ ...row, at: new Date(row.at) }))
}

/** Reads the sums of requests in a period. */
export async function readCalls(pool: pg.Pool, { from, to }: CostPeriod): Promise<readonly CallSum[]> {
  const { rows } = await pool.query<CallSum>(
    `select route, by, nullif(plan, '') as plan, nullif(tenant, '') as tenant, sum(requests)::float8 as requests,
            sum(calls)::float8 as calls, sum(deferred)::float8 as deferred, sum(cold_starts)::float8 as "coldStarts",
            sum(warm_seconds) as "warmSeconds", sum(bytes)::float8 as bytes
     from ebb.call_hour where hour >= $1 and hour < $2
     group by route, by, call_hour.plan, call_hour.tenant order by route, by, call_hour.plan, call_hour.tenant`,
    [from, to],
  )
  return rows
}

/** How all processes have used their seconds, ever: sums that never become smaller. */
export async function readInstanceTotals(client: pg.ClientBase): Promise<readonly Omit<InstanceSum, 'at'>[]> {
  const { rows } = await client.query<Omit<InstanceSum, 'at'>>(
    `select ${INSTANCE_COLUMNS} from ebb.instance_hour where hour = '-infinity' order by kind, name, cpu_milli, memory_mib`,
  )
  return rows
}

/** Forgets sums of hours after `hoursDays`, and the course of calls after `minutesDays`. */
export async function forgetCost(
  client: pg.ClientBase,
  { hoursDays, minutesDays }: { readonly hoursDays: number; readonly minutesDays: number },
): Promise<void> {
  await client.query(
    `with instances as (delete from ebb.instance_hour where hour > '-infinity' and hour < now() - $1 * interval '1 day'),
          calls as (delete from ebb.call_hour where hour < now() - $1 * interval '1 day')
     delete from ebb.call_minute where minute < now() - $2 * interval '1 day'`,
    [hoursDays, minutesDays],
  )
}
