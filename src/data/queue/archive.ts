import type pg from 'pg'
import { DELIVERIES_WITH_HISTORY, rfc3339 } from './deliveries-of-event.ts'
import { DATA_BYTES } from './payloads.ts'

/** A day is over for this long before it is archived: a transaction that began on it may have been committed later. */
const SETTLES_WITHIN = "interval '1 hour'"
const MAX_DAYS = 1_000
const PAGE_EVENTS = 200
/** One event more may be on a page than fits into these. */
const PAGE_BYTES = 4 * 1024 * 1024

/** Finds the days (UTC, YYYY-MM-DD) that are over, have events and are not archived: the oldest first, those before `before`. */
export async function findUnarchived(
  db: Pick<pg.ClientBase, 'query'>,
  { before, limit = MAX_DAYS }: { readonly before?: string | undefined; readonly limit?: number } = {},
): Promise<readonly string[]> {
  const { rows } = await db.query<{ day: string }>(findUnarchivedSql, [before ?? null, limit])
  return rows.map(({ day }) => day)
}

/** A scalar subquery for each day: one look at the index of its part. */
const findUnarchivedSql = /* sql */ `
select to_char(day, 'YYYY-MM-DD') as day
from generate_series(
  date_trunc('day', (select min(created_at) from ebb.outbox) at time zone 'UTC'),
  now() at time zone 'UTC' - interval '1 day' - ${SETTLES_WITHIN},
  interval '1 day'
) as day
where day < coalesce($1::date, 'infinity')
  and not exists (select from ebb.archived_day as archived where archived.day = day.day::date)
  and (
    select true from ebb.outbox
    where created_at >= day at time zone 'UTC' and created_at < (day + interval '1 day') at time zone 'UTC' limit 1
  )
order by day
limit $2`

/** Where the next page of a day begins: after the event of this time and id. */
export interface ArchivePosition {
  readonly time: string
  readonly id: string
}

/**
 * Reads the events of a day, the oldest first, as NDJSON: `{ event, deliveries }`, a CloudEvent in structured mode, and its deliveries
 * with their attempts. A page at a time; the empty text when there are no more.
 */
export async function readDay(pool: pg.Pool, day: string, after?: ArchivePosition): Promise<string> {
  const { time = '-infinity', id = '00000000-0000-0000-0000-000000000000' } = after ?? {}
  const { rows } = await pool.query<{ line: string }>(readDaySql, [day, time, id, PAGE_EVENTS, PAGE_BYTES])
  return rows.map(({ line }) => `${line}\n`).join('')
}

const ATTRIBUTES = /* sql */ `jsonb_strip_nulls(jsonb_build_object(
  'specversion', '1.0', 'id', id, 'source', source, 'type', type || case when version > 1 then '.v' || version else '' end,
  'subject', subject, 'time', ${rfc3339('created_at')}, 'datacontenttype', 'application/json', 'traceparent', traceparent,
  'correlationid', correlation_id, 'callerid', caller_id, 'tenant', tenant, 'partitionkey', partition_key, 'ebbhops', hops
))::text`

/** Day $1 after time $2 and id $3, $4 events and about $5 bytes at most. Data are texts: of no number is a digit lost. */
const readDaySql = /* sql */ `
select '{"event":' || left(${ATTRIBUTES}, -1) || ',"data":' || payload::text || '},"deliveries":' || ${DELIVERIES_WITH_HISTORY}::text || '}' as line
from (
  select *, sum(bytes) over (order by created_at, id) - bytes as bytes_before
  from (
    select *, ${DATA_BYTES} as bytes from ebb.outbox
    where created_at >= $1::date::timestamp at time zone 'UTC'
      and created_at < ($1::date + interval '1 day') at time zone 'UTC'
      and (created_at, id) > ($2::timestamptz, $3::uuid)
    order by created_at, id
    limit $4
  ) as next
) as outbox
where bytes_before < $5
order by created_at, id`

/** Records that a day is archived. Returns false, and records nothing, where it is not over yet. */
export async function recordArchived(client: pg.ClientBase | pg.Pool, day: string): Promise<boolean> {
  const { rowCount } = await client.query(recordSql, [day])
  return rowCount === 1
}

const recordSql = /* sql */ `
insert into ebb.archived_day (day)
select $1::date where ($1::date + interval '1 day') at time zone 'UTC' + ${SETTLES_WITHIN} < now()
on conflict (day) do update set archived_at = now()`
