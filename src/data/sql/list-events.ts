import { rfc3339 } from './rfc3339.ts'

/**
 * The newest events and where their deliveries stand. Each filter may be null: $1 a state that one of its deliveries is
 * in, $2 type, $3 and $4 time and id of the event to go on after. $5 events at most.
 */
export const listEventsSql = /* sql */ `
select id, type, source, subject, ${rfc3339('created_at')} as created_at,
  (
    select coalesce(jsonb_agg(jsonb_build_object(
      'consumer', consumer, 'state', state, 'attempts', attempts, 'availableAt', ${rfc3339('available_at')}
    ) order by consumer), '[]')
    from ebb.delivery where event_id = outbox.id
  ) as deliveries
from ebb.outbox
where ($1::text is null or exists (select from ebb.delivery where event_id = outbox.id and state = $1))
  and ($2::text is null or type = $2)
  and ($3::timestamptz is null or created_at < $3 or (created_at = $3 and id > $4::uuid))
order by outbox.created_at desc, id
limit $5`
