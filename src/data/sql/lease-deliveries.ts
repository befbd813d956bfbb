/**
 * Leases what is due, the longest waiting first, for each subscriber by itself: none can take another one's places.
 * $1 subscribers, $2 deliveries at most of each, $3 milliseconds that each one's lease holds (all in step).
 */
export const leaseDeliveriesSql = /* sql */ `
with wanted as materialized (
  select * from unnest($1::text[], $2::int[], $3::int[]) as wanted (consumer, most, lease_ms)
),
due as materialized (
  select found.event_id, found.consumer, wanted.lease_ms
  from wanted cross join lateral (
    select event_id, consumer from ebb.delivery
    where state = 'waiting' and consumer = wanted.consumer and available_at <= now()
    order by available_at
    limit wanted.most
    for update skip locked
  ) as found
),
leased as (
  update ebb.delivery as delivery
  set state = 'leased', attempts = attempts + 1, lease_token = gen_random_uuid(),
      locked_until = now() + due.lease_ms * interval '1 ms'
  from due
  where delivery.event_id = due.event_id and delivery.consumer = due.consumer
  returning delivery.event_id, delivery.consumer, attempts, lease_token
)
select event_id, consumer, attempts as attempt, lease_token, type, source, subject, payload::text as data, traceparent,
       correlation_id, caller_id, created_at
from leased join ebb.outbox on id = event_id`
