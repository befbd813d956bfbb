import type pg from 'pg'
import type { Effect, EventKey } from '../kernel/index.ts'

const THIS = 'where consumer = $1 and source = $2 and id = $3'

/**
 * Marks an event as taken in by this consumer, in the transaction of its effects. Answers undefined for a new one, or
 * what is outstanding of one that was taken in before.
 */
export async function markSeen(
  client: pg.ClientBase,
  { consumer, source, id }: EventKey,
): Promise<readonly Effect[] | undefined> {
  const { rowCount } = await client.query(
    'insert into ebb.inbox (consumer, source, id) values ($1, $2, $3) on conflict do nothing',
    [consumer, source, id],
  )
  if (rowCount === 1) return undefined
  const { rows } = await client.query<{ outstanding: readonly Effect[] | null }>(
    `select outstanding from ebb.inbox ${THIS}`,
    [consumer, source, id],
  )
  return rows[0]?.outstanding ?? []
}

/** Stores what is to be done after the commit. */
export async function storeOutstanding(
  client: pg.ClientBase,
  { consumer, source, id }: EventKey,
  effects: readonly Effect[],
): Promise<void> {
  await client.query(`update ebb.inbox set outstanding = $4 ${THIS}`, [consumer, source, id, JSON.stringify(effects)])
}

/** Says that everything is done. */
export async function clearOutstanding(pool: pg.Pool, { consumer, source, id }: EventKey): Promise<void> {
  await pool.query(`update ebb.inbox set outstanding = null ${THIS}`, [consumer, source, id])
}
