/**
 * Takes back leases that ran out because their relay died: due again at once, or dead where the attempts are used up.
 * The lost attempt is written down. $1 functions, $2 attempts that each one grants, $3 milliseconds that each one's lease
 * held (all in step), $4 invocations at most.
 */
export const returnLostInvocationsSql = /* sql */ `
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
