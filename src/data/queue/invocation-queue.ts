import type pg from 'pg'
import type { InvocationResponse, NewInvocation } from '../../protocol/index.ts'
import { toCamelCase } from '../values/read-rows.ts'
import type { ReclaimedDelivery, Settlement } from './deliveries.ts'

/** A request that nobody waits for on its way to its function, ours until the lease ends. */
export interface Invocation extends NewInvocation {
  /** 1 for the first. */
  readonly attempt: number
  /** How many of them do not count, since the platform refused itself. */
  readonly uncounted: number
  readonly leaseToken: string
}

/** What came of an attempt; the whole answer is kept where it is the last one. */
export interface InvocationSettlement extends Settlement {
  readonly response?: InvocationResponse | undefined
}

/** An invocation whose relay died. */
export interface ReclaimedInvocation
  extends Pick<Invocation, 'id' | 'function' | 'attempt' | 'correlationId' | 'traceparent'>,
    Pick<ReclaimedDelivery, 'state' | 'durationMs'> {}

/** How long until something is due, for each of these functions that something waits for; as `dueTimes`. */
export async function findInvocationDueTimes(
  pool: pg.Pool,
  functions: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await pool.query<{ function: string; due_in_ms: number }>(invocationDueTimesSql, [functions])
  return new Map(rows.map((row) => [row.function, row.due_in_ms]))
}

/** Takes at most `most` of what is due for one function; each is ours for `leaseMs`. */
export async function leaseInvocations(
  pool: pg.Pool,
  name: string,
  { most, leaseMs }: { readonly most: number; readonly leaseMs: number },
): Promise<Invocation[]> {
  const { rows } = await pool.query(leaseInvocationsSql, [name, most, leaseMs])
  return rows.map((row) => {
    const { caller, scopes, tenant, ...invocation } = toCamelCase<LeasedRow>(row)
    return { ...invocation, caller: { sub: caller, scopes, ...(tenant === null ? {} : { tenant }) } }
  })
}

interface LeasedRow extends Omit<Invocation, 'caller'> {
  readonly caller: string
  readonly scopes: readonly string[]
  readonly tenant: string | null
}

/** Ends a lease and writes down its attempt, both or neither; false where it was not ours any more. */
export async function settleInvocation(
  pool: pg.Pool,
  { id, leaseToken }: Pick<Invocation, 'id' | 'leaseToken'>,
  {
    state,
    retryInMs = 0,
    durationMs,
    status,
    error,
    body,
    revision,
    response,
    uncounted = false,
  }: InvocationSettlement,
): Promise<boolean> {
  const attempt = [durationMs, status, error, body, revision]
  const kept = [
    response?.status,
    response && JSON.stringify(response.headers),
    response?.body && Buffer.from(response.body),
  ]
  const { rowCount } = await pool.query(settleInvocationSql, [
    ...[id, leaseToken, state, retryInMs, ...attempt, ...kept, uncounted],
  ])
  return rowCount === 1
}

/** Takes back at most `most` leases that ran out: that their relay was lost counts as an attempt. */
export async function reclaimInvocations(
  pool: pg.Pool,
  known: readonly { readonly name: string; readonly attempts: number; readonly leaseMs: number }[],
  { most = 500 } = {},
): Promise<ReclaimedInvocation[]> {
  const names = known.map(({ name }) => name)
  const values = [names, known.map(({ attempts }) => attempts), known.map(({ leaseMs }) => leaseMs), most]
  const { rows } = await pool.query(reclaimInvocationsSql, values)
  return rows.map((row) => toCamelCase<ReclaimedInvocation>(row))
}

/** Milliseconds until something is due (0 or less: it is), for each of these functions ($1) that something waits for. */
const invocationDueTimesSql = /* sql */ `
select asked.function, ceil(extract(epoch from first.available_at - now()) * 1000)::float8 as due_in_ms
from unnest($1::text[]) as asked (function) cross join lateral (
  select available_at from ebb.invocation
  where state = 'waiting' and invocation.function = asked.function
  order by available_at
  limit 1
) as first`

/** Leases what is due for one function ($1), the longest waiting first, at most $2, for $3 milliseconds. */
const leaseInvocationsSql = /* sql */ `
with due as materialized (
  select id from ebb.invocation
  where state = 'waiting' and function = $1 and available_at <= now()
  order by available_at
  limit $2
  for update skip locked
)
update ebb.invocation
set state = 'leased', attempts = attempts + 1, lease_token = gen_random_uuid(),
    locked_until = now() + $3 * interval '1 ms'
from due
where invocation.id = due.id
returning invocation.id, caller, scopes, tenant, function, method, target, headers, body, correlation_id, traceparent,
          attempts as attempt, uncounted, lease_token`

/**
 * Ends the lease $2 of invocation $1 as $3, due again in $4 ms where it waits, and writes down the attempt: $5 its
 * milliseconds, $6 status, $7 error, $8 beginning of the body, $9 revision. $10 to $12 are the status, headers and body
 * of an answer to keep, $13 whether the attempt does not count. One row where the lease was still good.
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

/**
 * Takes back leases that ran out because their relay died: due again at once, or dead where the attempts are used up.
 * The lost attempt is written down. $1 functions, $2 attempts that each one grants, $3 milliseconds that each one's lease
 * held (all in step), $4 invocations at most.
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
returned as (
  update ebb.invocation
  set state = lost.state, lease_token = null, locked_until = null, available_at = now(),
      settled_at = case when lost.state = 'dead' then now() end,
      status = null, answer_headers = null, answer_body = null
  from lost
  where invocation.id = lost.id
  returning invocation.id, function, attempts, invocation.state, correlation_id, traceparent, lost.locked_until,
            lost.lease_ms
),
noted as (
  insert into ebb.invocation_attempt (invocation_id, number, started_at, duration_ms, error)
  select id, attempts, locked_until - lease_ms * interval '1 ms', lease_ms, 'the relay was lost' from returned
)
select id, function, attempts as attempt, state, lease_ms as duration_ms, correlation_id, traceparent from returned`
