import type pg from 'pg'
import type { InvocationResponse, NewInvocation } from '../../protocol/index.ts'
import { toCamelCase } from '../values/read-rows.ts'
import type { LeaseOptions, ReclaimedDelivery, Settlement } from './deliveries.ts'

/** A request that its caller does not wait for on its way to its function, this relay's until the lease ends. */
export interface Invocation extends NewInvocation {
  /** 1 for the first. */
  readonly attempt: number
  /** How many of the attempts do not count against the allowance: those in which a function refused our signature. */
  readonly attemptsNotCounted: number
  readonly leaseToken: string
}

/** The result of an attempt; with the whole response where it is the last one. */
export interface InvocationSettlement extends Settlement {
  readonly response?: InvocationResponse | undefined
}

/** An invocation whose relay died. */
export interface ReclaimedInvocation
  extends Pick<Invocation, 'id' | 'function' | 'attempt' | 'correlationId' | 'traceparent'>,
    Pick<ReclaimedDelivery, 'state' | 'durationMs'> {}

/** Leases at most `limit` of what is due for one function, for `leaseMs`. */
export async function leaseInvocations(
  pool: pg.Pool,
  name: string,
  { limit, leaseMs, since = '-infinity' }: LeaseOptions,
): Promise<Invocation[]> {
  const { rows } = await pool.query(leaseInvocationsSql, [name, limit, leaseMs, since])
  return rows.map((row) => {
    const { caller: sub, scopes, roles, tenant, client, callbackUrl, ...invocation } = toCamelCase<LeasedRow>(row)
    const caller = {
      ...{ sub, scopes },
      ...(roles.length === 0 ? {} : { roles }),
      ...(tenant === null ? {} : { tenant }),
      ...(client === null ? {} : { client }),
    }
    return { ...invocation, caller, ...(callbackUrl === null ? {} : { callbackUrl }) }
  })
}

interface LeasedRow extends Omit<Invocation, 'caller' | 'callbackUrl'> {
  readonly caller: string
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly tenant: string | null
  readonly client: string | null
  readonly callbackUrl: string | null
}

/** Leases what is due for one function ($1) since $4, the longest waiting first, at most $2, for $3 milliseconds. */
const leaseInvocationsSql = /* sql */ `
with due as materialized (
  select id from ebb.invocation
  where state = 'waiting' and function = $1 and available_at between $4 and now()
  order by available_at
  limit $2
  for update skip locked
)
update ebb.invocation
set state = 'leased', attempts = attempts + 1, lease_token = gen_random_uuid(),
    locked_until = now() + $3 * interval '1 ms'
from due
where invocation.id = due.id
returning invocation.id, caller, scopes, roles, tenant, client, function, method, target, headers, body, correlation_id, traceparent,
          callback_url, attempts as attempt, uncounted as attempts_not_counted, lease_token`

/** Ends a lease and records its attempt, both or neither. Returns false where the lease was not valid any more. */
export async function settleInvocation(
  pool: pg.Pool,
  { id, leaseToken }: Pick<Invocation, 'id' | 'leaseToken'>,
  settlement: InvocationSettlement,
): Promise<boolean> {
  const { state, retryInMs = 0, durationMs, status, error, body, revision, response, uncounted = false } = settlement
  const { rowCount } = await pool.query(settleInvocationSql, [
    ...[id, leaseToken, state, retryInMs, durationMs, status, error, body, revision],
    ...[response?.status, response && JSON.stringify(response.headers), response?.body && Buffer.from(response.body)],
    uncounted,
  ])
  return rowCount === 1
}

/**
 * Ends the lease $2 of invocation $1 as $3, due again in $4 ms where it waits, and records the attempt: $5 its milliseconds,
 * $6 status, $7 error, $8 beginning of the body, $9 revision. $10 to $12 are the status, headers and body of a response to
 * store, $13 whether the attempt does not count. One row where the lease was still valid.
 */
const settleInvocationSql = /* sql */ `
with settled as (
  update ebb.invocation
  set state = $3, lease_token = null, locked_until = null, uncounted = uncounted + $13::boolean::int,
      available_at = case when $3 = 'waiting' then now() + $4 * interval '1 ms' else available_at end,
      settled_at = case when $3 = 'waiting' then null else now() end,
      status = $10, answer_headers = $11, answer_body = $12
  where id = $1 and lease_token = $2
  returning id, attempts
)
insert into ebb.invocation_attempt (invocation_id, number, started_at, duration_ms, status, error, body, revision)
select id, attempts, now() - $5::int * interval '1 ms', $5, $6, $7, $8, $9 from settled`

/** Reclaims at most `limit` leases that have expired: that their relay was lost counts as an attempt. */
export async function reclaimInvocations(
  pool: pg.Pool,
  known: readonly { readonly name: string; readonly attempts: number; readonly leaseMs: number }[],
  { limit = 500 } = {},
): Promise<ReclaimedInvocation[]> {
  const names = known.map(({ name }) => name)
  const values = [names, known.map(({ attempts }) => attempts), known.map(({ leaseMs }) => leaseMs), limit]
  const { rows } = await pool.query(reclaimInvocationsSql, values)
  return rows.map((row) => toCamelCase<ReclaimedInvocation>(row))
}

/**
 * Reclaims expired leases: due again at once, or dead where the attempts are used up. The lost attempt is recorded.
 * $1 functions, $2 attempts that each one grants, $3 milliseconds that each one's lease held (parallel arrays), $4
 * invocations at most.
 */
const reclaimInvocationsSql = /* sql */ `
with known as materialized (
  select * from unnest($1::text[], $2::int[], $3::int[]) as known (function, granted, lease_ms)
),
lost as materialized (
  select id, locked_until, lease_ms, case when attempts - uncounted < granted then 'waiting' else 'dead' end as state
  from ebb.invocation join known using (function)
  where invocation.state = 'leased' and locked_until < now()
  limit $4
  for update of invocation skip locked
),
reclaimed as (
  update ebb.invocation
  set state = lost.state, lease_token = null, locked_until = null, available_at = now(),
      settled_at = case when lost.state = 'dead' then now() end,
      status = null, answer_headers = null, answer_body = null
  from lost
  where invocation.id = lost.id
  returning invocation.id, function, attempts, invocation.state, correlation_id, traceparent, lost.locked_until,
            lost.lease_ms
),
recorded as (
  insert into ebb.invocation_attempt (invocation_id, number, started_at, duration_ms, error)
  select id, attempts, locked_until - lease_ms * interval '1 ms', lease_ms, 'the relay was lost' from reclaimed
)
select id, function, attempts as attempt, state, lease_ms as duration_ms, correlation_id, traceparent from reclaimed`
