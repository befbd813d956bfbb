/**
 * Ends a lease and writes down its attempt, both or neither; no row where the lease is not ours any more.
 * $1 event, $2 subscriber, $3 lease token, $4 next state, $5 milliseconds until it is due again, $6 duration in ms,
 * $7 status, $8 error, $9 body, $10 revision.
 */
export const settleDeliverySql = /* sql */ `
with settled as (
  update ebb.delivery
  set state = $4, lease_token = null, locked_until = null,
      available_at = case when $4 = 'waiting' then now() + $5 * interval '1 ms' else available_at end,
      settled_at = case when $4 = 'waiting' then null else now() end
  where event_id = $1 and consumer = $2 and lease_token = $3
  returning event_id, consumer, attempts
)
insert into ebb.attempt (event_id, consumer, number, started_at, duration_ms, status, error, body, revision, traceparent)
select event_id, consumer, attempts, now() - $6 * interval '1 ms', $6, $7, $8, $9, $10, traceparent
from settled join ebb.outbox on id = event_id`
