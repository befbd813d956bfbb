import type pg from 'pg'
import { isItsEvent } from './its-event.ts'

/** One event for one subscriber. */
interface DeliveryKey {
  readonly eventId: string
  readonly consumer: string
}

/** Data of more bytes than these are read when they are sent, and by nothing before. */
const MAX_INLINE_BYTES = 256 * 1024

/** SQL of how many bytes an event's data have as text; where a function of before has emitted them, as they are stored. */
export const DATA_BYTES = 'coalesce(payload_bytes, pg_column_size(payload))'

/** SQL: whether an event's data are not large. */
export const isInline = `(${DATA_BYTES} <= ${MAX_INLINE_BYTES})`

/** SQL of an event's data, null where they are large: Postgres stores them beside the row, and reads them for whoever asks. */
export const inline = (data: string): string => `case when ${isInline} then ${data} end`

/** Reads the data of a delivery, as JSON text. Undefined where its lease was lost. */
export async function readData(
  client: pg.Pool | pg.ClientBase,
  { eventId, consumer, leaseToken }: DeliveryKey & { readonly leaseToken: string },
): Promise<string | undefined> {
  const { rows } = await client.query<{ data: string }>(readLeasedSql, [eventId, consumer, leaseToken])
  return rows[0]?.data
}

/** What subscriber $2 gets as the data of event $1. */
const readSql = /* sql */ `
select coalesce(edited, payload)::text as data
from ebb.delivery join ebb.outbox on ${isItsEvent('delivery')}
where event_id = $1 and consumer = $2`

const readLeasedSql = /* sql */ `${readSql} and lease_token = $3`

/** Reads what a subscriber would get as the data of a dead letter. */
export async function readDeadData(client: pg.ClientBase, { eventId, consumer }: DeliveryKey): Promise<unknown> {
  const { rows } = await client.query<{ data: string }>(readSql, [eventId, consumer])
  return rows[0] && JSON.parse(rows[0].data)
}
