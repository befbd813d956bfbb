import type pg from 'pg'
import { DATA_BYTES } from './payloads.ts'

/** An event that was committed. */
export interface ReadEvent {
  readonly type: string
  readonly version: number
  readonly tenant: string | null
  readonly data: unknown
  readonly bytes: number
  /** The transaction that has emitted it. */
  readonly xid: number
}

export interface NewEvents {
  /** The snapshot of the database at which these were read: what the next call begins with. */
  readonly snapshot: string
  /** Transaction by transaction. */
  readonly events: readonly ReadEvent[]
  /** Whether there were more, which this has left out. */
  readonly isCut: boolean
}

/** What a snapshot of Postgres looks like as a text (9.28): where a caller has it from, it may be anything. */
const SNAPSHOT = /^\d{1,19}:\d{1,19}:(\d{1,19}(,\d{1,19}){0,99})?$/
export const isSnapshot = (text: string): boolean => SNAPSHOT.test(text)

/** What one call reads at most: so many events, none of which has more data. */
const MAX_EVENTS = 1_000
const MAX_DATA_BYTES = 64 * 1024

/** Reads where the database is now: what is committed later, `readEmitted` finds from here. */
export async function readSnapshot(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot')
  return rows[0]?.snapshot ?? ''
}

/** Whose events they are, and what their data have. */
export interface Whose {
  /** The tenant of the request that emitted them, null for those of none; undefined: any. */
  readonly tenant: string | null | undefined
  /** Fields of their data, and the values that these have. */
  readonly fields: Readonly<Record<string, unknown>>
}

const ANYBODYS: Whose = { tenant: undefined, fields: {} }

/**
 * Reads exactly the events of these types that have been committed since a snapshot, in whichever order their transactions began, and
 * at most 1,000. Leaves out those that are for a later time, and those with more than 64 KiB of data. A transaction of more than an
 * hour is not looked for.
 */
export async function readEmitted(
  client: pg.ClientBase,
  {
    since,
    types,
    whose = ANYBODYS,
  }: { readonly since: string; readonly types: readonly string[]; readonly whose?: Whose },
): Promise<NewEvents> {
  const { tenant, fields } = whose
  const values = [since, types, tenant === undefined, tenant, JSON.stringify(fields), MAX_EVENTS]
  // One statement, so that its snapshot is that of its rows.
  const { rows } = await client.query<Omit<NewEvents, 'isCut'>>(readEmittedSql, values)
  const [read] = rows
  if (!read) throw new Error('a select without a table has returned no row')
  return { ...read, isCut: read.events.length === MAX_EVENTS }
}

const readEmittedSql = /* sql */ `
select pg_current_snapshot()::text as snapshot,
       coalesce((select json_agg(event) from (
         select type, version, tenant, payload as data, ${DATA_BYTES} as bytes, transaction_id::text::bigint as xid
         from ebb.outbox
         where transaction_id >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(transaction_id, $1::pg_snapshot)
           and created_at > now() - interval '1 hour' and type = any($2) and due_at is null
           and ${DATA_BYTES} <= ${MAX_DATA_BYTES} and ($3 or tenant is not distinct from $4::text) and payload @> $5::jsonb
         order by transaction_id, id
         limit $6
       ) as event), '[]') as events`
