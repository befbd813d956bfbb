import type pg from 'pg'
import { queryWithTimeout } from '../postgres/with-connection.ts'
import type { ObjectStore } from './object-store.ts'

interface RemoveOptions {
  /** How long an upload that began in time may still go on: then what has come of it is removed as well. */
  readonly lateSeconds: number
  /** Of one round. */
  readonly limit: number
  /** What a statement may take. */
  readonly limitMs: number
}

/** What became of a round. */
interface RemovedObjects {
  readonly removed: number
  /** Why some could not be removed; they are tried again. */
  readonly errors: readonly unknown[]
}

/**
 * Removes from the store what was to be finished by now, and what was deleted. A row goes last, once nothing can come any more: so there
 * is a row for whatever is in the store, whenever this ends. Two relays that remove the same do no harm.
 */
export async function removeExpired(
  pool: pg.Pool,
  store: Pick<ObjectStore, 'remove'>,
  { lateSeconds, limit, limitMs }: RemoveOptions,
): Promise<RemovedObjects> {
  const query = <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[]) =>
    queryWithTimeout(pool, limitMs, (client) => client.query<Row>(text, [...values]))
  await query(EXPIRE, [limit])
  const { rows } = await query<{ id: string; isOver: boolean }>(FIND, [lateSeconds, limit])
  const errors: unknown[] = []
  for (const { id, isOver } of rows) {
    try {
      await store.remove(id)
      await query(isOver ? FORGET : MARK, [id])
    } catch (error) {
      errors.push(error)
      // It is the store that is away, most likely: the next round is soon.
      if (errors.length === MAX_ERRORS) break
    }
  }
  return { removed: rows.length - errors.length, errors }
}

const MAX_ERRORS = 3

/** One that a request finishes at this moment is locked, and left alone. */
const EXPIRE = /* sql */ `
with over as (
  select id from ebb.object where state = 'pending' and expires_at <= now() order by expires_at limit $1 for update skip locked
)
update ebb.object set state = 'deleting' from over where object.id = over.id and object.state = 'pending'`

/** Those that were removed once are looked at again when nothing can come any more. */
const FIND = /* sql */ `
select id, expires_at + $1 * interval '1 second' <= now() as "isOver" from ebb.object
where state = 'deleting' and (removed_at is null or expires_at + $1 * interval '1 second' <= now())
order by expires_at limit $2`

const MARK = `update ebb.object set removed_at = now() where id = $1`
const FORGET = `delete from ebb.object where id = $1 and state = 'deleting'`
