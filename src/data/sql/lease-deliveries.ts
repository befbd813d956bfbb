/**
 * Leases what is due for one subscriber ($1), the longest waiting first, at most $2, for $3 milliseconds. With one
 * subscriber a statement, the planner knows how few rows it will be; for many it read the whole tables.
 */
export const leaseDeliveriesSql = /* sql */ `
with due as materialized (
  select event_id, consumer from ebb.delivery
  where state = 'waiting' and consumer = $1 and available_at <= now()
  order by available_at
  limit $2
  for update skip locked
),
leased as (
  update ebb.delivery
  set state = 'leased', attempts = attempts + 1, lease_token = gen_random_uuid(),
      locked_until = now() + $3 * interval '1 ms'
  from due
  where delivery.event_id = due.event_id and delivery.consumer = due.consumer
  returning delivery.event_id, delivery.consumer, attempts, forgiven + uncounted as forgiven, redrive_id, lease_token
)
select event_id, consumer, attempts as attempt, forgiven, redrive_id is not null as redriven, lease_token, type, source,
       subject, payload::text as data, traceparent, correlation_id, caller_id, hops, created_at
from leased join ebb.outbox on id = event_id`
