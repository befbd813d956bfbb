import type pg from 'pg'
import { Problem } from '../../contract/index.ts'
import { toCamelCase } from '../values/read-rows.ts'
import { DELIVERIES_WITH_HISTORY, IS_OF_EVENT, rfc3339 } from './deliveries-of-event.ts'
import { isItsEvent } from './its-event.ts'
import { DATA_BYTES, inline } from './payloads.ts'

type DeliveryState = 'waiting' | 'leased' | 'done' | 'dead' | 'dropped'

interface ListedDelivery {
  readonly consumer: string
  readonly state: DeliveryState
  readonly attempts: number
  /** When it is due, where it waits; null where it waits for another one of its partition. All times are RFC 3339. */
  readonly availableAt: string | null
}

export interface ListedEvent {
  readonly id: string
  readonly type: string
  readonly source: string
  readonly subject: string | null
  readonly createdAt: string
  /** Empty before the relay has fanned the event out, and where it has no subscriber. */
  readonly deliveries: readonly ListedDelivery[]
}

export interface ListedEvents {
  readonly events: readonly ListedEvent[]
  /** The `before` of the next page; undefined on the last. */
  readonly next?: string
}

interface Attempt {
  readonly number: number
  readonly startedAt: string
  readonly durationMs: number
  /** Null where no response came; then `error` says why. */
  readonly status: number | null
  readonly error: string | null
  /** At most the first KiB of the response. */
  readonly body: string | null
  readonly revision: string | null
  readonly traceparent: string
}

export interface ShownEvent extends Omit<ListedEvent, 'deliveries'> {
  /** Of its data. */
  readonly version: number
  /** Its data; null where they are large, for `readEventData`. */
  readonly payload: unknown
  readonly payloadBytes: number
  readonly correlationId: string
  readonly callerId: string
  /** The tenant of that caller. */
  readonly tenant: string | null
  readonly traceparent: string
  readonly deliveries: readonly (ListedDelivery & {
    readonly settledAt: string | null
    /** The last time that an operator sent it on its way again. */
    readonly redriven: { readonly at: string; readonly by: string; readonly afterAttempt: number } | null
    readonly history: readonly Attempt[]
  })[]
}

interface ListEventsOptions {
  /** Only events with a delivery in this state. */
  readonly state?: DeliveryState | undefined
  /** There is no index for it: a rare type is looked for among all events that are newer. */
  readonly type?: string | undefined
  /** 1 to 500. Default: 50. */
  readonly limit?: number
  /** The `next` of the page before. */
  readonly before?: string | undefined
}

const MAX_LISTED = 500

/** Lists the newest events first. Pages stay as they are while new events arrive. Throws a Problem 400 for a foreign cursor. */
export async function listEvents(
  pool: pg.Pool,
  { state, type, limit = 50, before }: ListEventsOptions = {},
): Promise<ListedEvents> {
  const max = Math.min(Math.max(limit, 1), MAX_LISTED)
  const after = before === undefined ? undefined : readCursor(before)
  const { text, values } = listEventsSql({ state, type, after, limit: max + 1 })
  const { rows } = await pool.query(text, values)
  const events = rows.slice(0, max).map((row) => toCamelCase<ListedEvent>(row))
  const last = events.at(-1)
  return rows.length > max && last ? { events, next: writeCursor(last) } : { events }
}

interface ListEventsQuery {
  /** Of one of its deliveries. */
  readonly state?: DeliveryState | undefined
  readonly type?: string | undefined
  /** Time and id of the event to go on after. */
  readonly after?: readonly [createdAt: string, id: string] | undefined
  readonly limit: number
}

/**
 * The statement that lists the newest events and the states of their deliveries: a text and its values. It has only the
 * filters that were asked for, since an index cannot be used for a filter that may be null. Nearly all deliveries are done,
 * and are found as the newest are; the other states begin at the deliveries that there is work for, each at its own index, and cost
 * what is in them. There is no index by type.
 */
function listEventsSql({ state, type, after, limit }: ListEventsQuery) {
  const values: unknown[] = []
  const isOver = state === 'done' || state === 'dropped'
  const isRare = state !== undefined && !isOver
  const at = (value: unknown) => `$${values.push(value)}`
  const conditions = [
    ...(isOver ? [hasOne(at(state))] : []),
    ...(type === undefined ? [] : [`type = ${at(type)}`]),
    ...(after ? [isAfter(at(after[0]), at(after[1]))] : []),
  ]
  const text = /* sql */ `
${isRare ? `with found as materialized (select distinct event_id, event_time from ebb.delivery where state = ${at(state)})` : ''}
select id, type, source, subject, ${rfc3339('created_at')} as created_at,
  (
    select coalesce(jsonb_agg(jsonb_build_object(
      'consumer', consumer, 'state', state, 'attempts', attempts, 'availableAt', ${rfc3339("nullif(available_at, 'infinity')")}
    ) order by consumer), '[]')
    from ebb.delivery_state where ${IS_OF_EVENT}
  ) as deliveries
from ${isRare ? `found join ebb.outbox on ${isItsEvent('found')}` : 'ebb.outbox'}
${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`}
order by outbox.created_at desc, id
limit ${at(limit)}`
  return { text, values }
}

/** A scalar subquery, which is evaluated for each event in turn; EXISTS may read all deliveries first. */
const hasOne = (state: string) =>
  `(select true from ebb.delivery_state where ${IS_OF_EVENT} and state = ${state} limit 1)`

/** The first part bounds the index scan, whose columns go in different directions; the second is exact. */
const isAfter = (time: string, id: string) =>
  `created_at <= ${time}::timestamptz and (created_at < ${time}::timestamptz or id > ${id}::uuid)`

/** Finds one event with the whole history of its deliveries; undefined where there is none with this id. */
export async function showEvent(pool: pg.Pool, id: string): Promise<ShownEvent | undefined> {
  if (!UUID.test(id)) return undefined
  const { rows } = await pool.query(showEventSql, [id])
  return rows[0] && toCamelCase<ShownEvent>(rows[0])
}

/** Whether there is an event with this id. */
export const hasEvent = async (pool: pg.Pool, id: string): Promise<boolean> =>
  ((await pool.query('select from ebb.outbox where id = $1', [id])).rowCount ?? 0) > 0

/** Finds the data of an event, of whatever size; undefined where there is none with this id. */
export async function readEventData(pool: pg.Pool, id: string): Promise<{ readonly data: unknown } | undefined> {
  const { rows } = await pool.query<{ data: unknown }>('select payload as data from ebb.outbox where id = $1', [id])
  return rows[0]
}

/** One event ($1) with its deliveries, and each one's attempts from the first to the last. */
const showEventSql = /* sql */ `
select id, type, source, subject, ${rfc3339('created_at')} as created_at, version, ${inline('payload')} as payload,
  ${DATA_BYTES} as payload_bytes, correlation_id, caller_id, tenant, traceparent,
  ${DELIVERIES_WITH_HISTORY} as deliveries
from ebb.outbox where id = $1`

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const CURSOR = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([0-9a-f-]{36})$/
const MIN_TIME = Date.parse('0001-01-01T00:00:00Z')

const writeCursor = ({ createdAt, id }: ListedEvent) => Buffer.from(`${createdAt} ${id}`).toString('base64url')

function readCursor(cursor: string): readonly [createdAt: string, id: string] {
  const [, createdAt = '', id = ''] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (UUID.test(id) && isTime(createdAt)) return [createdAt, id]
  throw new Problem('invalid_request', 400, 'The cursor `before` is not one that this list gave.')
}

/** Whether there is such a time: Date reads the 31st of February as the 3rd of March, and has years that Postgres has not. */
function isTime(text: string): boolean {
  const time = new Date(text)
  return time.getTime() >= MIN_TIME && time.toISOString().startsWith(text.slice(0, 'yyyy-mm-ddThh:mm:ss'.length))
}
