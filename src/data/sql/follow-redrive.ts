/**
 * What the end of a redriven delivery means for the others of its redrive and subscriber that were not tried since: SQL
 * for more parts of a WITH in which `settled` holds the deliveries that just changed. Where the first one is done,
 * those that stayed dead for it go on; where one died again, those that wait are dead again.
 */
export const followRedriveSql = /* sql */ `
ended as materialized (
  select distinct redrive.id, settled.consumer, settled.state = 'dead' as failed, per_second
  from settled join ebb.redrive on redrive.id = settled.redrive_id
  where stop_on_failure and (settled.state = 'dead' or (settled.state = 'done' and settled.redrive_rank = 1))
),
others as materialized (
  select delivery.event_id, delivery.consumer, failed, per_second
  from ended join ebb.delivery on delivery.redrive_id = ended.id and delivery.consumer = ended.consumer
  where attempts = forgiven + uncounted and (delivery.state = 'dead' or (delivery.state = 'waiting' and failed))
  for update of delivery skip locked
),
followed as (
  update ebb.delivery
  set state = case when failed then 'dead' else 'waiting' end,
      settled_at = case when failed then coalesce(settled_at, now()) end,
      available_at = now() + coalesce((redrive_rank - 1) / per_second, 0) * interval '1 s',
      redrive_id = case when not failed then redrive_id end
  from others
  where delivery.event_id = others.event_id and delivery.consumer = others.consumer
)`
