import type { Sql } from '../postgres/sql.ts'

/** What is known of an object. */
export interface ObjectRow {
  readonly id: string
  readonly state: 'pending' | 'stored' | 'deleting'
  readonly type: string
  readonly bytes: number | null
  readonly sha256: string | null
  readonly partBytes: number | null
  readonly expiresAt: string
  readonly storedAt: string | null
  readonly held: boolean
  /** Whether the time of its upload is over, by the database's clock. */
  readonly isOver: boolean
}

type NewRow = Pick<ObjectRow, 'id' | 'type' | 'bytes' | 'sha256' | 'partBytes' | 'held'>

/** Announces an object that is to be uploaded, in the transaction of `sql`. */
export async function insertPending(
  sql: Sql,
  { id, type, bytes, sha256, partBytes, held }: NewRow,
  expiresInSeconds: number,
): Promise<string> {
  const row = await sql.one<{ expiresAt: string }>`
    insert into ebb.object (id, type, bytes, sha256, part_bytes, held, expires_at)
    values (${id}, ${type}, ${bytes}, ${sha256}, ${partBytes}, ${held}, now() + ${expiresInSeconds} * interval '1 second')
    returning expires_at`
  if (!row) throw new Error('an insert has returned no row')
  return row.expiresAt
}

/** The row of the caller's tenant with this id. */
export const findObject = (sql: Sql, id: string): Promise<ObjectRow | undefined> =>
  sql.one<ObjectRow>`${columnsOf(sql)} where id = ${id} and tenant is not distinct from ebb.current_tenant()`

/** The same, which nobody else changes until the transaction ends: neither another request that finishes it nor a relay that removes it. */
export const lockObject = (sql: Sql, id: string): Promise<ObjectRow | undefined> =>
  sql.one<ObjectRow>`${columnsOf(sql)} where id = ${id} and tenant is not distinct from ebb.current_tenant() for update`

const columnsOf = (sql: Sql) => sql.fragment`
  select id, state, type, bytes, sha256, part_bytes, expires_at, stored_at, held, expires_at <= clock_timestamp() as is_over
  from ebb.object`

/** Says that the object is there. Undefined where it was not pending. */
export const markStored = (
  sql: Sql,
  { id, bytes, sha256 }: Pick<ObjectRow, 'id' | 'bytes' | 'sha256'>,
): Promise<ObjectRow | undefined> => sql.one<ObjectRow>`
  update ebb.object
  set state = 'stored', stored_at = now(), bytes = ${bytes}, sha256 = ${sha256}, tenant = ebb.current_tenant()
  where id = ${id} and state = 'pending'
  returning id, state, type, bytes, sha256, part_bytes, expires_at, stored_at, held, false as is_over`

/** Has a relay remove the object once this is committed. Undefined where there is none. */
export const markDeleting = (sql: Sql, id: string): Promise<{ readonly id: string } | undefined> => sql.one<{
  id: string
}>`
  update ebb.object set state = 'deleting'
  where id = ${id} and state <> 'deleting' and tenant is not distinct from ebb.current_tenant()
  returning id`

/** Lets callers have an object that was held. */
export const markReleased = (sql: Sql, id: string): Promise<{ readonly id: string } | undefined> => sql.one<{
  id: string
}>`
  update ebb.object set held = false
  where id = ${id} and state = 'stored' and tenant is not distinct from ebb.current_tenant()
  returning id`

/** Says what parts of an upload are to have; one that was announced before has something else now. */
export async function announceParts(
  sql: Sql,
  id: string,
  parts: readonly { readonly number: number; readonly sha256: string }[],
): Promise<void> {
  await sql`
    insert into ebb.object_part (object_id, number, sha256)
    select ${id}, number, sha256 from jsonb_to_recordset(${sql.json(parts)}) as part (number integer, sha256 text)
    on conflict (object_id, number) do update set sha256 = excluded.sha256`
}

/** What the parts of an upload are to have, in hexadecimal, by their numbers. */
export async function announcedParts(sql: Sql, id: string): Promise<ReadonlyMap<number, string>> {
  const parts = await sql<{ number: number; sha256: string }>`
    select number, sha256 from ebb.object_part where object_id = ${id}`
  return new Map(parts.map(({ number, sha256 }) => [number, sha256]))
}
