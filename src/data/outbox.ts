import type pg from 'pg'
import type { OutgoingEvent } from '../kernel/index.ts'
import { queryWithTimeout } from './postgres/with-connection.ts'

/** The channel of the NOTIFY that tells the relay of new events and invocations. */
export const OUTBOX_CHANNEL = 'ebb_outbox'
/** The channel of the NOTIFY that tells the gateways of new purges. */
export const PURGES_CHANNEL = 'ebb_purges'

/** What is told with a NOTIFY, and how: of events, invocations, callbacks and webhooks to relays, of purges to gateways. */
const NOTICES = {
  events: `notify ${OUTBOX_CHANNEL}, 'events'`,
  invocations: `notify ${OUTBOX_CHANNEL}, 'invocations'`,
  callbacks: `notify ${OUTBOX_CHANNEL}, 'callbacks'`,
  webhooks: `notify ${OUTBOX_CHANNEL}, 'webhooks'`,
  purges: `notify ${PURGES_CHANNEL}`,
} as const

type Notice = keyof typeof NOTICES

const MIN_INTERVAL_MS = 10
const NOTIFY_TIMEOUT_MS = 2_000

/** Adds events to the outbox, all in one statement. Data that is null is stored as JSON's null, not as SQL's. */
export async function appendEvents(client: pg.ClientBase, events: readonly OutgoingEvent[]): Promise<void> {
  const [event, ...others] = events
  const isInOrder = events.some(({ partition, dueAt }) => partition ?? dueAt)
  if (event && others.length === 0 && !isInOrder) return void (await client.query(appendOneSql, valuesOf(event)))
  await client.query(isInOrder ? appendInOrderSql : appendSql, [JSON.stringify(events.map(toRow))])
}

/** SQL of how many bytes data have as relays send them. */
const bytesOf = (data: string) => `coalesce(octet_length(${data}::text), 4)`

/** Most transactions emit one event: as plain values it costs the server half of what a row of JSON does. */
const appendOneSql = /* sql */ `
insert into ebb.outbox (id, type, version, source, subject, payload, traceparent, correlation_id, caller_id, hops, payload_bytes)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, ${bytesOf('$6::jsonb')})`

const valuesOf = (event: OutgoingEvent) => [
  ...[
    event.id,
    event.type,
    event.version ?? 1,
    event.source,
    event.subject ?? null,
    JSON.stringify(event.data ?? null),
  ],
  ...[event.traceparent, event.correlationId, event.callerId, event.hops],
]

/** $1 is a JSON array of objects. */
const appendSql = /* sql */ `
insert into ebb.outbox (id, type, version, source, subject, payload, traceparent, correlation_id, caller_id, hops, payload_bytes)
select id, type, coalesce(version, 1), source, subject, coalesce(payload, 'null'), traceparent, correlation_id, caller_id, hops,
       ${bytesOf('payload')}
from jsonb_to_recordset($1) as event (id uuid, type text, version integer, source text, subject text, payload jsonb,
                                      traceparent text, correlation_id text, caller_id text, hops integer)`

/** The same for those that have a partition or a time. All take the locks of partitions in one order: none waits in a circle. */
const appendInOrderSql = /* sql */ `
insert into ebb.outbox (id, type, version, source, subject, payload, traceparent, correlation_id, caller_id, hops, partition_key,
                        partition_number, due_at, payload_bytes)
select id, type, coalesce(version, 1), source, subject, coalesce(payload, 'null'), traceparent, correlation_id, caller_id, hops, partition_key,
       case when partition_key is not null then ebb.next_in_partition(type, partition_key) end, due_at, ${bytesOf('payload')}
from (
  select * from rows from (
    jsonb_to_recordset($1) as (id uuid, type text, version integer, source text, subject text, payload jsonb, traceparent text,
                               correlation_id text, caller_id text, hops integer, partition_key text, due_at timestamptz)
  ) with ordinality as event (id, type, version, source, subject, payload, traceparent, correlation_id, caller_id, hops,
                              partition_key, due_at, place)
  order by type, partition_key, place
  offset 0
) as event`

/** Tells relays of new events and invocations, and gateways of new purges, so that they do not wait for their next poll. */
export interface OutboxNotifier {
  /** Sends a NOTIFY at once, or together with others where one was sent just before. Returns without waiting for it. */
  notify(notice: Notice): void
  /** Sends what is due and waits for it. */
  flush(): Promise<void>
}

/**
 * Creates a notifier that sends the first NOTIFY at once, and what comes within 10 ms of one together when those are over:
 * outside any transaction (Postgres serialises commits that notify), one statement at a time, and delaying no request. A
 * poll of whoever listens makes up for one that is lost.
 */
export function createOutboxNotifier(pool: pg.Pool): OutboxNotifier {
  const due = new Set<Notice>()
  let isScheduled = false
  let sentAt = Number.NEGATIVE_INFINITY
  let sending = Promise.resolve()

  const sendDue = async () => {
    isScheduled = false
    if (due.size === 0) return
    sentAt = performance.now()
    const statements = Array.from(due, (notice) => NOTICES[notice])
    due.clear()
    await queryWithTimeout(pool, NOTIFY_TIMEOUT_MS, (client) => client.query(statements.join('; '))).catch(() => {})
  }
  const send = () => {
    sending = sending.then(sendDue)
  }
  return {
    notify: (notice) => {
      due.add(notice)
      if (isScheduled) return
      isScheduled = true
      const waitMs = sentAt + MIN_INTERVAL_MS - performance.now()
      // Not now: the transaction that was committed is still to give its connection back.
      if (waitMs > 0) setTimeout(send, waitMs)
      else setImmediate(send)
    },
    flush: async () => {
      send()
      await sending
    },
  }
}

const toRow = (event: OutgoingEvent) => ({
  ...{ id: event.id, type: event.type, version: event.version, source: event.source },
  ...{ subject: event.subject, payload: event.data },
  ...{
    traceparent: event.traceparent,
    correlation_id: event.correlationId,
    caller_id: event.callerId,
    hops: event.hops,
  },
  ...{ partition_key: event.partition, due_at: event.dueAt },
})
