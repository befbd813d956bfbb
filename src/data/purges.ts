import type pg from 'pg'

/** What is to be forgotten of stored responses: those with a tag, of a route, or of a URL (path and query). */
export interface PurgeRow {
  readonly kind: 'tag' | 'route' | 'url'
  readonly value: string
}

/** A purge as it is read: with the transaction that it came with, and the gateway that has done it already. */
export interface ReadPurge extends PurgeRow {
  readonly xid: number
  readonly origin: string | null
}

export interface NewPurges {
  /** The snapshot of the database at which these were read: what the next call begins with. */
  readonly snapshot: string
  readonly purges: readonly ReadPurge[]
  /** Whether there were more, which is answered by forgetting everything. */
  readonly isCut: boolean
}

/**
 * How far back the first call reads, which has no snapshot to begin with. No response that was asked for earlier is kept
 * where gateways share it: an hour, the longest request, and the longest transaction.
 */
const WINDOW = '90 minutes'
/** Of one call: of the first one, which reads what is recent, and of any other. */
const MAX_RECENT = 100_000
const MAX_NEW = 10_000

/** Inserts purges into the transaction of `client`; without rights to `origin` where there is none. */
export async function insertPurges(client: pg.ClientBase, purges: readonly PurgeRow[], origin?: string): Promise<void> {
  const columns = origin === undefined ? 'kind, value' : 'kind, value, origin'
  const origins = origin === undefined ? '' : ', $3::uuid'
  await client.query(
    `insert into ebb.purge (${columns}) select kind, value${origins} from unnest($1::text[], $2::text[]) as purge (kind, value)`,
    [purges.map(({ kind }) => kind), purges.map(({ value }) => value), ...(origin === undefined ? [] : [origin])],
  )
}

/**
 * Reads exactly the purges that have been committed since the snapshot that an earlier call has returned, in whichever order
 * their transactions began; all of the last 90 minutes where there was none. A row that came with a restored backup has a
 * number of another database, and is read again and again until it is too old.
 */
export async function readPurges(client: pg.ClientBase, since: string | undefined): Promise<NewPurges> {
  const isNew = 'xid >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(xid, $1::pg_snapshot)'
  const limit = since === undefined ? MAX_RECENT : MAX_NEW
  // One statement, so that its snapshot is that of its rows.
  const { rows } = await client.query<Omit<NewPurges, 'isCut'>>(
    `select pg_current_snapshot()::text as snapshot,
            coalesce((select json_agg(purge) from (
              select kind, value, xid::text::bigint as xid, origin from ebb.purge
              where at > now() - interval '${WINDOW}' ${since === undefined ? '' : `and ${isNew}`}
              order by id limit ${limit}
            ) as purge), '[]') as purges`,
    since === undefined ? [] : [since],
  )
  const [read] = rows
  if (!read) throw new Error('a select without a table has returned no row')
  return { ...read, isCut: read.purges.length === limit }
}

/** Deletes what no gateway needs any more: a table that grows for ever is none to poll. */
export async function deleteOldPurges(client: pg.ClientBase): Promise<void> {
  await client.query('select ebb.delete_old_purges()')
}

/**
 * Whether what a transaction has committed is in a snapshot, `xmin:xmax:` and those that were running in between, as
 * `pg_snapshot` is written (Postgres, 9.28).
 */
export function isInSnapshot(xid: number, snapshot: string): boolean {
  const [xmin = '0', xmax = '0', running = ''] = snapshot.split(':')
  if (xid < Number(xmin)) return true
  return xid < Number(xmax) && !running.split(',').includes(String(xid))
}

/** Locks purges of which the CDN was not told, and no other gateway is telling it; those of more than an hour are given up. */
export async function takeUntoldPurges(
  client: pg.ClientBase,
): Promise<readonly (PurgeRow & { readonly id: string })[]> {
  const { rows } = await client.query<PurgeRow & { id: string }>(
    `select id::text, kind, value from ebb.purge where told_at is null and at > now() - interval '1 hour'
     order by id limit 500 for update skip locked`,
  )
  return rows
}

/** Records that the CDN has been told of them. */
export async function markToldPurges(client: pg.ClientBase, ids: readonly string[]): Promise<void> {
  await client.query('update ebb.purge set told_at = now() where id = any($1::bigint[])', [ids])
}
