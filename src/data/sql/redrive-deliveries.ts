/**
 * Sends dead deliveries ($1 event ids, $2 consumers, in step and in order) on their way again, and writes down who did:
 * $3 actor, $4 filter, $5 how many a second to each subscriber (or null), $6 whether to stop on a failure, $7
 * another subscriber to send them to, with their history (or null). Where they stop on a failure, only the first one of each subscriber goes; the others stay dead until it is done (see follow-redrive).
 */
export const redriveDeliveriesSql = /* sql */ `
with made as (
  insert into ebb.redrive (actor, filter, per_second, stop_on_failure) values ($3, $4, $5, $6)
  returning id, per_second, stop_on_failure
),
given as materialized (
  select event_id, consumer, row_number() over (partition by consumer order by place) as rank
  from unnest($1::uuid[], $2::text[]) with ordinality as given (event_id, consumer, place)
),
redriven as (
  update ebb.delivery
  set consumer = coalesce($7, delivery.consumer),
      state = case when rank > 1 and stop_on_failure then 'dead' else 'waiting' end,
      settled_at = case when rank > 1 and stop_on_failure then settled_at end,
      available_at = now() + coalesce((rank - 1) / per_second, 0) * interval '1 s',
      forgiven = attempts, uncounted = 0, redrive_id = made.id, redrive_rank = rank
  from given cross join made
  where delivery.event_id = given.event_id and delivery.consumer = given.consumer
  returning delivery.event_id, delivery.consumer
),
noted as (
  insert into ebb.audit (actor, action, subject)
  select $3, 'event.redriven', event_id || ' ' || consumer || ' ' || $4::jsonb from redriven
)
select id from made`
