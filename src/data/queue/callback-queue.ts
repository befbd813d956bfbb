import type pg from 'pg'
import type { InvocationState } from '../../protocol/index.ts'
import { toCamelCase } from '../values/read-rows.ts'
import type { Settlement } from './deliveries.ts'
import { toInvocationState } from './find-invocations.ts'

/** The end of a call on its way to the address that its caller named, this relay's until the lease ends. */
export interface Callback {
  readonly url: string
  /** 1 for the first. */
  readonly attempt: number
  readonly leaseToken: string
  readonly traceparent: string
  /** How the call ended; without its callback. */
  readonly invocation: InvocationState
}

/** A callback whose relay died. */
export interface ReclaimedCallback {
  readonly id: string
  readonly attempt: number
  readonly correlationId: string
  readonly traceparent: string
  readonly state: 'waiting' | 'dead'
  readonly durationMs: number
}

/** Returns the milliseconds until a callback is due; 0 or less where one is, undefined where none waits. */
export async function findCallbackDueTime(pool: pg.Pool): Promise<number | undefined> {
  const { rows } = await pool.query<{ due_in_ms: number }>(findCallbackDueTimeSql)
  return rows[0]?.due_in_ms
}

/** Of one caller at most so many at a time, over all relays: the address of one that is slow leaves room for the others'. */
export const MAX_PER_CALLER = 10

/** A part of a WITH RECURSIVE: each caller that callbacks wait for, by one index lookup, and how many of theirs may be leased. */
const CALLERS = /* sql */ `
names (caller) as (
  (select caller from ebb.callback where state = 'waiting' order by caller limit 1)
  union all
  select (select next.caller from ebb.callback as next where state = 'waiting' and next.caller > names.caller order by caller limit 1)
  from names where caller is not null
),
busy as materialized (select caller, count(*) as leased from ebb.callback where state = 'leased' group by caller),
callers as materialized (
  select caller, ${MAX_PER_CALLER} - coalesce(leased, 0) as free
  from names left join busy using (caller) where caller is not null and coalesce(leased, 0) < ${MAX_PER_CALLER}
)`

const findCallbackDueTimeSql = /* sql */ `
with recursive ${CALLERS}
select ceil(extract(epoch from min(available_at) - now()) * 1000)::float8 as due_in_ms
from callers cross join lateral (
  select available_at from ebb.callback where state = 'waiting' and callback.caller = callers.caller
  order by available_at limit 1
) as first
having count(*) > 0`

/** Leases at most `limit` callbacks that are due, for `leaseMs`. */
export async function leaseCallbacks(
  pool: pg.Pool,
  { limit, leaseMs }: { readonly limit: number; readonly leaseMs: number },
): Promise<Callback[]> {
  const { rows } = await pool.query(leaseCallbacksSql, [limit, leaseMs])
  return rows.map(({ callback_url: url, attempt, lease_token: leaseToken, traceparent, ...row }) => ({
    ...{ url, attempt, leaseToken, traceparent },
    invocation: toInvocationState({ ...row, has_callback: false }),
  }))
}

/** Leases what is due, the longest waiting first, at most $1, for $2 milliseconds. */
const leaseCallbacksSql = /* sql */ `
with recursive ${CALLERS},
chosen as materialized (
  select invocation_id from callers cross join lateral (
    select invocation_id, available_at from ebb.callback
    where state = 'waiting' and callback.caller = callers.caller and available_at <= now()
    order by available_at
    limit callers.free
  ) as theirs
  order by available_at
  limit $1
),
due as materialized (
  select invocation_id from ebb.callback
  where state = 'waiting' and invocation_id in (select invocation_id from chosen)
  for update skip locked
),
leased as (
  update ebb.callback
  set state = 'leased', attempts = attempts + 1, lease_token = gen_random_uuid(),
      locked_until = now() + $2 * interval '1 ms'
  from due
  where callback.invocation_id = due.invocation_id
  returning callback.invocation_id, attempts as attempt, lease_token
)
select attempt, leased.lease_token, callback_url, traceparent, id, function,
  case when cancelled_at is null then state else 'cancelled' end as state, attempts, created_at, settled_at, available_at,
  correlation_id, 0::float8 as due_in_ms, status, answer_headers, answer_body
from leased join ebb.invocation on id = invocation_id`

/** Ends a lease and records its attempt, both or neither. Returns false where the lease was not valid any more. */
export async function settleCallback(
  pool: pg.Pool,
  { invocation, leaseToken }: Pick<Callback, 'invocation' | 'leaseToken'>,
  { state, retryInMs = 0, durationMs, status, error }: Settlement,
): Promise<boolean> {
  const values = [invocation.id, leaseToken, state, retryInMs, durationMs, status, error]
  const { rowCount } = await pool.query(settleCallbackSql, values)
  return rowCount === 1
}

/** Ends the lease $2 of callback $1 as $3, due again in $4 ms where it waits; $5 milliseconds, $6 status, $7 error. */
const settleCallbackSql = /* sql */ `
with settled as (
  update ebb.callback
  set state = $3, lease_token = null, locked_until = null, status = $6,
      available_at = case when $3 = 'waiting' then now() + $4 * interval '1 ms' else available_at end,
      settled_at = case when $3 = 'waiting' then null else now() end
  where invocation_id = $1 and lease_token = $2
  returning invocation_id, attempts
)
insert into ebb.callback_attempt (invocation_id, number, started_at, duration_ms, status, error)
select invocation_id, attempts, now() - $5::int * interval '1 ms', $5, $6, $7 from settled`

/** Reclaims at most `limit` leases that have expired: that their relay was lost counts as one of the `attempts`. */
export async function reclaimCallbacks(
  pool: pg.Pool,
  { attempts, leaseMs, limit = 500 }: { readonly attempts: number; readonly leaseMs: number; readonly limit?: number },
): Promise<ReclaimedCallback[]> {
  const { rows } = await pool.query(reclaimCallbacksSql, [attempts, leaseMs, limit])
  return rows.map((row) => toCamelCase<ReclaimedCallback>(row))
}

/** Makes expired leases due again, or dead where the $1 attempts are used up; each held for $2 ms. At most $3. */
const reclaimCallbacksSql = /* sql */ `
with lost as materialized (
  select invocation_id, locked_until, case when attempts < $1 then 'waiting' else 'dead' end as state
  from ebb.callback
  where state = 'leased' and locked_until < now()
  limit $3
  for update skip locked
),
reclaimed as (
  update ebb.callback
  set state = lost.state, lease_token = null, locked_until = null, available_at = now(), status = null,
      settled_at = case when lost.state = 'dead' then now() end
  from lost
  where callback.invocation_id = lost.invocation_id
  returning callback.invocation_id, attempts, callback.state, lost.locked_until
),
recorded as (
  insert into ebb.callback_attempt (invocation_id, number, started_at, duration_ms, error)
  select invocation_id, attempts, locked_until - $2::int * interval '1 ms', $2, 'the relay was lost' from reclaimed
)
select id, reclaimed.attempts as attempt, reclaimed.state, $2::int as duration_ms, correlation_id, traceparent
from reclaimed join ebb.invocation on id = invocation_id`
