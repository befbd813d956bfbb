import type pg from 'pg'
import { Problem } from '../../contract/index.ts'
import { toCamelCase } from '../values/read-rows.ts'
import { rfc3339 } from './deliveries-of-event.ts'
import { isItsEvent } from './its-event.ts'

/** A dead letter in a list. Times are RFC 3339. */
export interface ListedDead {
  readonly eventId: string
  readonly consumer: string
  readonly type: string
  readonly attempts: number
  readonly createdAt: string
  readonly diedAt: string
  /** Whether an operator has replaced its data. */
  readonly edited: boolean
  /** Of the last attempt; null where no response came. */
  readonly status: number | null
  readonly error: string | null
  readonly correlationId: string
}

interface DeadFilter {
  readonly consumer?: string | undefined
  readonly type?: string | undefined
  /** The `next` of the page before. */
  readonly before?: string | undefined
  readonly limit: number
}

/** Lists the dead letters, those that died last first, and counts all that match. Throws a Problem 400 for a foreign cursor. */
export async function findDead(pool: pg.Pool, { consumer, type, before, limit }: DeadFilter) {
  const [diedAt, eventId, of] = before === undefined ? [] : readCursor(before)
  const { rows } = await pool.query(findSql, [consumer, type, diedAt, eventId, of, limit + 1])
  const counted = await pool.query<DeadCount>(countSql, [consumer, type])
  const deliveries = rows.slice(0, limit).map((row) => toCamelCase<ListedDead>(row))
  const last = deliveries.at(-1)
  const next = rows.length > limit && last ? { next: writeCursor(last) } : {}
  return { deliveries, counts: counted.rows, ...next }
}

interface DeadCount {
  readonly consumer: string
  readonly type: string
  readonly deliveries: number
}

/** $1 and $2 may be null; the page goes on after $3 to $5, or begins where they are null; $6 at most. */
const findSql = /* sql */ `
select delivery.event_id, delivery.consumer, type, attempts, ${rfc3339('created_at')} as created_at,
  ${rfc3339('coalesce(delivery.settled_at, created_at)')} as died_at, edited is not null as edited, last.status, last.error, correlation_id
from ebb.delivery
join ebb.outbox on ${isItsEvent('delivery')}
left join lateral (
  select status, error from ebb.attempt
  where attempt.event_id = delivery.event_id and attempt.consumer = delivery.consumer
    and attempt.started_at > outbox.created_at - interval '1 minute'
  order by number desc limit 1
) last on true
where state = 'dead'
  and ($1::text is null or delivery.consumer = $1)
  and ($2::text is null or type = $2)
  and ($3::timestamptz is null or (coalesce(delivery.settled_at, created_at), delivery.event_id, delivery.consumer) < ($3, $4::uuid, $5))
order by coalesce(delivery.settled_at, created_at) desc, delivery.event_id desc, delivery.consumer desc
limit $6`

const countSql = /* sql */ `
select consumer, type, count(*)::integer as deliveries
from ebb.delivery join ebb.outbox on ${isItsEvent('delivery')}
where state = 'dead' and ($1::text is null or consumer = $1) and ($2::text is null or type = $2)
group by consumer, type
order by deliveries desc, consumer, type
limit 200`

/** What a subscriber would get as the data of an event; undefined where its delivery is over, or there is none. */
export async function readDelivered(
  pool: pg.Pool,
  { eventId, consumer }: Pick<ListedDead, 'eventId' | 'consumer'>,
): Promise<{ readonly data: unknown; readonly edited: boolean } | undefined> {
  const { rows } = await pool.query<{ data: unknown; edited: boolean }>(readSql, [eventId, consumer])
  return rows[0]
}

const readSql = /* sql */ `
select coalesce(edited, payload) as data, edited is not null as edited
from ebb.delivery join ebb.outbox on ${isItsEvent('delivery')}
where event_id = $1 and consumer = $2`

const CURSOR = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([0-9a-f-]{36}) (.{1,100})$/

const writeCursor = ({ diedAt, eventId, consumer }: ListedDead) => `${diedAt} ${eventId} ${consumer}`

function readCursor(cursor: string): readonly string[] {
  const [, ...parts] = CURSOR.exec(cursor) ?? []
  if (parts.length === 3 && !Number.isNaN(Date.parse(parts[0] ?? ''))) return parts
  throw new Problem('invalid_request', 400, 'The cursor `before` is not one that this list gave.')
}
