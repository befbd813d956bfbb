import type pg from 'pg'

/** One partition of what waits for one subscriber. */
export interface Partition {
  readonly consumer: string
  readonly partition: string
}

/**
 * Makes the first delivery of each of these partitions due that is done with by nobody yet; without partitions: of all. To be
 * called in a transaction of its own after deliveries were made, and after some have ended: whichever of two relays commits
 * last sees what the other has done.
 */
export async function releaseFirst(pool: pg.Pool, partitions?: readonly Partition[]): Promise<void> {
  if (partitions?.length === 0) return
  await pool.query(
    releaseSql(partitions ? GIVEN : ALL),
    partitions ? [partitions.map(({ consumer }) => consumer), partitions.map(({ partition }) => partition)] : [],
  )
}

const GIVEN = 'unnest($1::text[], $2::text[]) as held (consumer, partition_key)'
const ALL = `(select distinct consumer, partition_key from ebb.delivery
              where partition_key is not null and state = 'waiting' and available_at = 'infinity') as held`

/** The first ones are found before anything is joined to them: else each delivery that waits may be compared with each partition. */
const releaseSql = (held: string) => /* sql */ `
with head as materialized (
  select held.consumer, first.event_id
  from ${held} cross join lateral (
    select event_id from ebb.delivery as open
    where open.consumer = held.consumer and open.partition_key = held.partition_key and open.state in ('waiting', 'leased')
    order by partition_number
    limit 1
  ) as first
)
update ebb.delivery set available_at = greatest(now(), coalesce(delivery.due_at, now()))
from head
where delivery.event_id = head.event_id and delivery.consumer = head.consumer and delivery.state = 'waiting'
  and delivery.available_at = 'infinity'`
