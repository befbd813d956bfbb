import type pg from 'pg'
import type { OutgoingEvent } from '../kernel/index.ts'
import { queryWithTimeout } from './postgres/with-connection.ts'

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

const MIN_INTERVAL_MS = 10
const NOTIFY_TIMEOUT_MS = 2_000

/**
 * A notifier that sends at most one NOTIFY in 10 ms, outside any transaction (Postgres serialises commits that
 * notify) and never delaying anybody; one that is lost is made good by the listener's poll.
 */
export function createNotifier(pool: pg.Pool, channel: string) {
  let due: NodeJS.Timeout | undefined
  let sending: Promise<unknown> = Promise.resolve()
  const send = () => {
    due = undefined
    sending = queryWithTimeout(pool, NOTIFY_TIMEOUT_MS, (client) => client.query(`notify ${channel}`)).catch(() => {})
  }
  return {
    notify: () => {
      due ??= setTimeout(send, MIN_INTERVAL_MS)
    },
    /** Sends what is due and waits for it. */
    flush: async () => {
      if (due) {
        clearTimeout(due)
        send()
      }
      await sending
    },
  }
}
