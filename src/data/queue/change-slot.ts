import type pg from 'pg'
import { inTransaction } from '../postgres/pool.ts'

/** The publication that holds the tables whose changes are read. */
export const PUBLICATION = 'ebb_changes'

/** Up to where the changes are in the outbox: a whole transaction, and so many changes of the one after it. */
export interface Place {
  readonly commit: string
  readonly partial: string | null
  readonly changes: number
}

/** Where a reader of a slot begins. */
export interface ReaderState {
  readonly slot: string
  readonly epoch: string
  readonly place: Place
}

/** What a slot keeps of the log, and how often it was lost. */
export interface SlotState {
  readonly retainedBytes: number
  /** What it may still keep before it is lost; undefined where there is no limit. */
  readonly leftBytes: number | undefined
  readonly lost: number
}

const SLOT = "(select 'ebb_changes_' || oid from pg_database where datname = current_database())"

/**
 * Makes the slot where there is none, and makes it anew where it was lost: then whatever nobody had read is gone. Resolves to whether that
 * has just happened; undefined where another relay is at it. Waits for the transactions that are writing now.
 */
export const ensureSlot = (pool: pg.Pool): Promise<'there' | 'made' | 'lost' | undefined> =>
  inTransaction(pool, async (client) => {
    const { rows: locks } = await client.query<{ taken: boolean }>(
      "select pg_try_advisory_xact_lock(hashtextextended('ebb.changes.slot', 0)) as taken",
    )
    if (!locks[0]?.taken) return undefined
    const { rows } = await client.query<FoundSlot>(findSlotSql)
    const [found] = rows
    if (!found) throw new Error('Postgres answered a select without a table by no row')
    if (found.state === 'there' && found.is_known) return 'there'
    if (found.state === 'lost') await client.query('select pg_drop_replication_slot($1)', [found.slot])
    if (found.state !== 'there')
      await client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [found.slot])
    const wasLost = found.is_known
    await client.query(beginSql, [found.slot, wasLost])
    return wasLost ? 'lost' : 'made'
  })

interface FoundSlot {
  readonly slot: string
  readonly state: 'there' | 'lost' | 'missing'
  /** Whether a reader has used it, or one of its name. */
  readonly is_known: boolean
}

const findSlotSql = /* sql */ `
select slot, case when wal_status = 'lost' then 'lost' when slot_name is null then 'missing' else 'there' end as state,
       reader.slot is not null as is_known
from (select ${SLOT} as slot) as named left join pg_replication_slots on slot_name = slot
left join ebb.change_reader as reader using (slot)`

/** A transaction may begin its commit right where the slot begins: the place is the byte before. */
const beginSql = /* sql */ `
insert into ebb.change_reader as reader (slot, commit_lsn)
select slot_name, confirmed_flush_lsn - 1 from pg_replication_slots where slot_name = $1
on conflict (slot) do update
  set epoch = gen_random_uuid(), commit_lsn = excluded.commit_lsn, partial_lsn = null, partial_changes = 0,
      lost = reader.lost + $2::boolean::integer, lost_at = case when $2 then now() else reader.lost_at end`

/** Where the reader has come to; undefined before there is a slot. */
export async function findReader(pool: pg.Pool): Promise<ReaderState | undefined> {
  const { rows } = await pool.query<ReaderState>(
    `select slot, epoch, jsonb_build_object('commit', commit_lsn, 'partial', partial_lsn, 'changes', partial_changes) as place
     from ebb.change_reader where slot = ${SLOT}`,
  )
  return rows[0]
}

/** What the slot keeps; undefined where there is none. */
export async function readSlotState(pool: pg.Pool): Promise<SlotState | undefined> {
  const { rows } = await pool.query<{ retained: number | null; left_bytes: number | null; lost: number }>(
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 as retained, safe_wal_size::float8 as left_bytes,
            coalesce((select lost from ebb.change_reader where slot = slot_name), 0) as lost
     from pg_replication_slots where slot_name = ${SLOT}`,
  )
  const [row] = rows
  return row && { retainedBytes: row.retained ?? 0, leftBytes: row.left_bytes ?? undefined, lost: row.lost }
}

/** Removes the slot and the publication, since no contract takes changes any more. Rejects while another relay reads. */
export async function removeSlot(pool: pg.Pool): Promise<void> {
  await pool.query(`select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = ${SLOT}`)
  await pool.query('select ebb.end_changes()')
}

/** One event of a change, as the outbox gets it. */
export interface ChangeRow {
  readonly id: string
  readonly type: string
  readonly source: string
  /** The primary key, which is its partition, too; undefined where it is about the whole table. */
  readonly subject: string | undefined
  readonly payload: unknown
  readonly traceparent: string
  readonly correlation_id: string
  readonly caller_id: string
  readonly hops: number
}

/**
 * Adds events to the outbox and moves the reader to `next`, in one transaction. Resolves to false, with nothing done, where the reader is not
 * where `state` says: another one has taken over.
 */
export async function appendChanges(
  pool: pg.Pool,
  { slot, epoch, place }: ReaderState,
  { next, events }: { readonly next: Place; readonly events: readonly ChangeRow[] },
): Promise<boolean> {
  const { rows } = await pool.query<{ moved: boolean }>('select ebb.append_changes($1, $2, $3, $4, $5) as moved', [
    ...[slot, epoch, JSON.stringify(place), JSON.stringify(next)],
    JSON.stringify(events, (_, value) =>
      typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
    ),
  ])
  return rows[0]?.moved ?? false
}
