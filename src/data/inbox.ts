import type pg from 'pg'

/** Marks an event as taken in by this consumer, in the transaction of its effects; true where it had been before. */
export async function markSeen(
  client: pg.ClientBase,
  consumer: string,
  { source, id }: { source: string; id: string },
) {
  const { rowCount } = await client.query(
    'insert into ebb.inbox (consumer, source, id) values ($1, $2, $3) on conflict do nothing',
    [consumer, source, id],
  )
  return rowCount === 0
}
