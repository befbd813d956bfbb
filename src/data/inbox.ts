import type pg from 'pg'
import type { Effect, EventKey } from '../kernel/index.ts'

/**
 * Records that this consumer has processed an event, in the transaction of its writes. Returns undefined for a new event,
 * or the effects that are still pending of one that was recorded before: the table's column `outstanding`.
 */
export async function recordInInbox(
  client: pg.ClientBase,
  { consumer, source, id, time }: EventKey,
): Promise<readonly Effect[] | undefined> {
  const { rows } = await client.query<{ readonly pending_effects: readonly Effect[] | null }>(
    'select outstanding as pending_effects from ebb.take_event($1, $2, $3, $4)',
    [consumer, source, id, time ?? new Date().toISOString()],
  )
  return rows[0] && (rows[0].pending_effects ?? [])
}

/** Stores the effects that are to be carried out after the commit. */
export async function storePendingEffects(
  client: pg.ClientBase,
  { consumer, source, id }: EventKey,
  effects: readonly Effect[],
): Promise<void> {
  const values = [consumer, source, id, JSON.stringify(effects)]
  await client.query('select ebb.store_outstanding($1, $2, $3, $4)', values)
}

/** Records that all effects have been carried out. */
export async function clearPendingEffects(client: pg.ClientBase, { consumer, source, id }: EventKey): Promise<void> {
  await client.query('select ebb.clear_outstanding($1, $2, $3)', [consumer, source, id])
}
