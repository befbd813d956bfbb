/**
 * Dead deliveries, the oldest event first. Each filter may be null: $1 type, $2 consumer, $3 event id, $4 and $5 the
 * times that the event must be before and after. $6 deliveries at most.
 */
export const findDeadSql = /* sql */ `
select event_id, consumer, type, subject, payload, attempts
from ebb.delivery join ebb.outbox on id = event_id
where state = 'dead'
  and ($1::text is null or type = $1)
  and ($2::text is null or consumer = $2)
  and ($3::uuid is null or event_id = $3)
  and ($4::timestamptz is null or created_at < $4)
  and ($5::timestamptz is null or created_at > $5)
order by created_at, event_id, consumer
limit $6`

/** The same, ours for the rest of this transaction; leaves out what another redrive has in hand. */
export const takeDeadSql = /* sql */ `${findDeadSql}
for update of delivery skip locked`
