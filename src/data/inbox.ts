import type pg from 'pg'
import type { Effect, EventKey } from '../kernel/index.ts'

/**
 * Marks an event as taken in by this consumer, in the transaction of its effects. Answers undefined for a new one, or
 * what is outstanding of one that was taken in before.
 */
export async function recordInInbox(
  client: pg.ClientBase,
  { consumer, source, id }: EventKey,
): Promise<readonly Effect[] | undefined> {
  const { rows } = await client.query<{ readonly outstanding: readonly Effect[] | null }>(
    'select outstanding from ebb.take_event($1, $2, $3)',
    [consumer, source, id],
  )
  return rows[0] && (rows[0].outstanding ?? [])
}

/** Stores what is to be done after the commit. */
export async function storePendingEffects(
  client: pg.ClientBase,
  { consumer, source, id }: EventKey,
  effects: readonly Effect[],
): Promise<void> {
  const values = [consumer, source, id, JSON.stringify(effects)]
  await client.query('select ebb.store_outstanding($1, $2, $3, $4)', values)
}

/** Says that everything is done. */
export async function clearPendingEffects(client: pg.ClientBase, { consumer, source, id }: EventKey): Promise<void> {
  await client.query('select ebb.clear_outstanding($1, $2, $3)', [consumer, source, id])
}
