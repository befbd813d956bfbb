import type pg from 'pg'
import type { OutgoingEvent } from '../kernel/index.ts'

export const OUTBOX_CHANNEL = 'ebb_outbox'

/** Adds events to the outbox, all in one statement. Data that are null are JSON's null, and none of SQL's. */
export async function appendEvents(client: pg.ClientBase, events: readonly OutgoingEvent[]): Promise<void> {
  await client.query(
    `insert into ebb.outbox (id, type, source, subject, payload, traceparent, correlation_id, caller_id, hops)
     select id, type, source, subject, coalesce(payload, 'null'), traceparent, correlation_id, caller_id, hops
     from jsonb_to_recordset($1) as event (id uuid, type text, source text, subject text, payload jsonb,
                                           traceparent text, correlation_id text, caller_id text, hops integer)`,
    [JSON.stringify(events.map(toRow))],
  )
}

const toRow = ({ id, type, source, subject, data, traceparent, correlationId, callerId, hops }: OutgoingEvent) => ({
  ...{ id, type, source, subject, payload: data, traceparent },
  ...{ correlation_id: correlationId, caller_id: callerId, hops },
})
