import type pg from 'pg'
import type { Effect, EventKey } from '../kernel/index.ts'

/**
 * Records that their consumer has processed these events, in the transaction of its writes. Returns for each, in their order,
 * undefined where it is new, or the effects that are still pending of one that was recorded before.
 */
export async function recordAllInInbox(
  client: pg.ClientBase,
  events: readonly EventKey[],
): Promise<readonly (readonly Effect[] | undefined)[]> {
  const now = new Date().toISOString()
  const { rows } = await client.query<{ readonly place: number; readonly pending_effects: readonly Effect[] | null }>(
    'select place, outstanding as pending_effects from ebb.take_events($1, $2, $3, $4)',
    [...valuesOf(events), events.map(({ time }) => time ?? now)],
  )
  const known = new Map(rows.map(({ place, pending_effects }) => [place, pending_effects ?? []]))
  return events.map((_, i) => known.get(i + 1))
}

/** Takes back that these events were processed: one of the same transaction that has recorded it. */
export async function removeFromInbox(client: pg.ClientBase, events: readonly EventKey[]): Promise<void> {
  await client.query('select ebb.give_back_events($1, $2, $3)', valuesOf(events))
}

const valuesOf = (events: readonly EventKey[]) => [
  events[0]?.consumer,
  events.map(({ source }) => source),
  events.map(({ id }) => id),
]
