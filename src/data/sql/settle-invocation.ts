/**
 * Ends the lease $2 of invocation $1 as $3, due again in $4 ms where it waits, and writes down the attempt: $5 its
 * milliseconds, $6 status, $7 error, $8 beginning of the body, $9 revision. $10 to $12 are the status, headers and body
 * of an answer to keep, $13 whether the attempt does not count. One row where the lease was still good.
 */
export const settleInvocationSql = /* sql */ `
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
