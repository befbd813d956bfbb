import type pg from 'pg'
import { Problem } from '../contract/index.ts'
import { toCamelCase } from './camel-case.ts'
import { listEventsSql } from './sql/list-events.ts'
import { showEventSql } from './sql/show-event.ts'

export type DeliveryState = 'waiting' | 'leased' | 'done' | 'dead'

export interface ListedDelivery {
  readonly consumer: string
  readonly state: DeliveryState
  readonly attempts: number
  /** When it is due, where it waits. All times are RFC 3339. */
  readonly availableAt: string
}

export interface ListedEvent {
  readonly id: string
  readonly type: string
  readonly source: string
  readonly subject: string | null
  readonly createdAt: string
  /** None before the relay has seen the event, and where nobody subscribes to it. */
  readonly deliveries: readonly ListedDelivery[]
}

export interface ListedEvents {
  readonly events: readonly ListedEvent[]
  /** What to give as `before` for the page after this one; undefined on the last. */
  readonly next?: string
}

export interface Attempt {
  readonly number: number
  readonly startedAt: string
  readonly durationMs: number
  /** Null where no answer came; then `error` says why. */
  readonly status: number | null
  readonly error: string | null
  /** At most the answer's first KiB. */
  readonly body: string | null
  readonly revision: string | null
  readonly traceparent: string
}

export interface ShownEvent extends Omit<ListedEvent, 'deliveries'> {
  readonly payload: unknown
  readonly correlationId: string
  readonly callerId: string
  readonly traceparent: string
  readonly deliveries: readonly (ListedDelivery & {
    readonly settledAt: string | null
    /** The last time that an operator sent it on its way again. */
    readonly redriven: { readonly at: string; readonly by: string; readonly afterAttempt: number } | null
    readonly history: readonly Attempt[]
  })[]
}

export interface ListEventsOptions {
  /** Only events with a delivery in this state. */
  readonly state?: DeliveryState | undefined
  /** There is no index for it: a rare one is looked for among all events that are newer. */
  readonly type?: string | undefined
  /** 1 to 500. */
  readonly limit?: number
  /** The `next` of the page before. */
  readonly before?: string | undefined
}

const MOST_LISTED = 500

/** The newest events first. Pages stay as they are while new events arrive. Throws a Problem for a foreign cursor. */
export async function listEvents(
  pool: pg.Pool,
  { state, type, limit = 50, before }: ListEventsOptions = {},
): Promise<ListedEvents> {
  const most = Math.min(Math.max(limit, 1), MOST_LISTED)
  const after = before === undefined ? undefined : readCursor(before)
  const { text, values } = listEventsSql({ state, type, after, limit: most + 1 })
  const { rows } = await pool.query(text, values)
  const events = rows.slice(0, most).map((row) => toCamelCase<ListedEvent>(row))
  const last = events.at(-1)
  return rows.length > most && last ? { events, next: writeCursor(last) } : { events }
}

/** One event with the whole history of its deliveries, or undefined. */
export async function showEvent(pool: pg.Pool, id: string): Promise<ShownEvent | undefined> {
  if (!UUID.test(id)) return undefined
  const { rows } = await pool.query(showEventSql, [id])
  return rows[0] && toCamelCase<ShownEvent>(rows[0])
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const CURSOR = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([0-9a-f-]{36})$/

const writeCursor = ({ createdAt, id }: ListedEvent) => Buffer.from(`${createdAt} ${id}`).toString('base64url')

/** Whether there is such a time: a Date takes the 31st of February for the 3rd of March, and knows years that Postgres does not. */
function isTime(text: string): boolean {
  const time = new Date(text)
  return time.getTime() >= FIRST && time.toISOString().startsWith(text.slice(0, 'yyyy-mm-ddThh:mm:ss'.length))
}

const FIRST = Date.parse('0001-01-01T00:00:00Z')

function readCursor(cursor: string): readonly [createdAt: string, id: string] {
  const [, createdAt = '', id = ''] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (UUID.test(id) && isTime(createdAt)) return [createdAt, id]
  throw new Problem('invalid_request', 400, 'The cursor `before` is not one that this list gave.')
}
