import { followRedriveSql } from './follow-redrive.ts'

/**
 * Takes back leases that ran out because their relay died: due again at once, or dead where the attempts are used up.
 * The lost attempt is written down. $1 subscribers, $2 attempts that each one grants, $3 milliseconds that each one's
 * lease held (all in step), $4 deliveries at most.
 */
export const returnLostSql = /* sql */ `
with known as materialized (
  select * from unnest($1::text[], $2::int[], $3::int[]) as known (consumer, granted, lease_ms)
),
lost as materialized (
  select event_id, consumer, delivery.attempts, locked_until, lease_ms,
         case when delivery.attempts - forgiven - uncounted < granted then 'waiting' else 'dead' end as state
  from ebb.delivery join known using (consumer)
  where delivery.state = 'leased' and locked_until < now()
  limit $4
  for update of delivery skip locked
),
settled as (
  update ebb.delivery
  set state = lost.state, lease_token = null, locked_until = null, available_at = now(),
      settled_at = case when lost.state = 'dead' then now() end
  from lost
  where delivery.event_id = lost.event_id and delivery.consumer = lost.consumer
  returning delivery.event_id, delivery.consumer, delivery.attempts, delivery.state, lost.locked_until, lost.lease_ms,
            redrive_id, redrive_rank
),
${followRedriveSql},
noted as (
  insert into ebb.attempt (event_id, consumer, number, started_at, duration_ms, error, traceparent)
  select event_id, consumer, attempts, locked_until - lease_ms * interval '1 ms', lease_ms,
         'the relay was lost', traceparent
  from settled join ebb.outbox on id = event_id
)
select event_id, consumer, attempts as attempt, state, lease_ms as duration_ms, type, correlation_id, traceparent
from settled join ebb.outbox on id = event_id`
