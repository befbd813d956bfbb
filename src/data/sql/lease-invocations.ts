/** Leases what is due for one function ($1), the longest waiting first, at most $2, for $3 milliseconds. */
export const leaseInvocationsSql = /* sql */ `
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
