import type pg from 'pg'

/** What became of all deliveries to one subscriber. `made` is the sum of all others, or one is lost. */
export interface DeliveryCounts {
  readonly consumer: string
  /** Ever, or since 0.3; with their ends. */
  readonly made: number
  readonly done: number
  /** Given up by an operator, or dead for so long that they were forgotten. */
  readonly dropped: number
  readonly waiting: number
  readonly leased: number
  readonly dead: number
  /** For how long the delivery that is overdue the longest has waited; 0 where none is due. */
  readonly overdueSeconds: number
}

/** Counts the deliveries of each subscriber: those that there is work for where they are, the others in their tally. */
export async function countDeliveries(client: pg.ClientBase): Promise<readonly DeliveryCounts[]> {
  const { rows } = await client.query<Record<string, string> & { consumer: string }>(countSql)
  return rows.map(({ consumer, overdue_seconds, ...counts }) => {
    const of = (name: string) => Number(counts[name] ?? 0)
    return {
      ...{ consumer, made: of('made'), done: of('done'), dropped: of('dropped') },
      ...{ waiting: of('waiting'), leased: of('leased'), dead: of('dead') },
      overdueSeconds: Number(overdue_seconds ?? 0),
    }
  })
}

/** One statement, so that it is one moment. What a relay of 0.2 has left where it was done is done. */
const countSql = /* sql */ `
with ended as (
  select consumer, sum(made) as made, sum(done) as done, sum(dropped) as dropped from ebb.delivery_tally group by consumer
),
live as (
  select consumer,
    count(*) filter (where state = 'waiting') as waiting,
    count(*) filter (where state = 'leased') as leased,
    count(*) filter (where state = 'dead') as dead,
    count(*) filter (where state = 'done') as settled,
    extract(epoch from now() - min(available_at) filter (where state = 'waiting' and available_at <= now())) as overdue_seconds
  from ebb.delivery group by consumer
)
select consumer, made, coalesce(done, 0) + coalesce(settled, 0) as done, dropped, waiting, leased, dead, overdue_seconds
from ended full join live using (consumer)
order by consumer`

/** Sums the tally up, so that reading it costs little. */
export async function sumTally(pool: pg.Pool): Promise<void> {
  await pool.query('select ebb.sum_tally()')
}
