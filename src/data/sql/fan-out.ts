/**
 * Makes a delivery for each subscriber of a batch of new events, and marks the events.
 * $1 event types, $2 their subscribers (in step; a type stands once for each), $3 events at most. One row an event.
 */
export const fanOutSql = /* sql */ `
with fresh as materialized (
  select id, type, created_at from ebb.outbox
  where fanned_out_at is null
  order by created_at
  limit $3
  for update skip locked
),
made as (
  insert into ebb.delivery (event_id, consumer, available_at)
  select fresh.id, subscribed.consumer, fresh.created_at
  from fresh join unnest($1::text[], $2::text[]) as subscribed (type, consumer) using (type)
  on conflict do nothing
)
update ebb.outbox set fanned_out_at = now() from fresh where outbox.id = fresh.id`
