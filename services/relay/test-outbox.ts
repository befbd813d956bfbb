import pg from 'pg'
import { databaseUrlFor } from '../../src/testing/test-database.ts'

/** Forgets all events. */
export const emptyOutbox = (url: string) =>
  query(url, 'truncate ebb.outbox, ebb.delivery, ebb.attempt, ebb.delivery_tally')

export async function query<Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values?: readonly unknown[],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrlFor('owner', url) })
  await client.connect()
  try {
    return (await client.query<Row>(text, values ? [...values] : undefined)).rows
  } finally {
    await client.end()
  }
}

export interface EmitOptions {
  readonly type?: string
  readonly version?: number
  readonly subject?: string
  readonly payload?: unknown
  readonly notify?: boolean
  readonly count?: number
  readonly hops?: number
  readonly tenant?: string
}

export const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** Adds `count` events to the outbox as a producer does; returns their ids. */
export async function emitAll(
  url: string,
  {
    type = 'user.created',
    version = 1,
    subject,
    payload = { n: 1 },
    notify = true,
    count = 1,
    ...rest
  }: EmitOptions = {},
): Promise<string[]> {
  const { hops = 0, tenant = null } = rest
  const rows = await query<{ id: string }>(
    url,
    `insert into ebb.outbox (id, type, source, subject, payload, traceparent, correlation_id, caller_id, hops, tenant, version, payload_bytes)
     select gen_random_uuid(), $1, 'create-user', $2, $3, $4, 'correlation-1', 'ann', $6, $7, $8, octet_length($3::jsonb::text) from generate_series(1, $5)
     returning id`,
    [type, subject, JSON.stringify(payload), TRACEPARENT, count, hops, tenant, version],
  )
  if (notify) await query(url, `notify ebb_outbox, 'events'`)
  return rows.map(({ id }) => id)
}

/** Adds one event to the outbox; returns its id. */
export async function emit(url: string, options: Omit<EmitOptions, 'count'> = {}): Promise<string> {
  return (await emitAll(url, options)).join()
}

export interface DeliveryRow {
  readonly consumer: string
  readonly state: string
  readonly attempts: number
  readonly available_at: Date
}

export const deliveriesOf = (url: string, eventId: string) =>
  query<DeliveryRow>(url, 'select * from ebb.delivery_state where event_id = $1 order by consumer', [eventId])

export interface AttemptRow {
  readonly consumer: string
  readonly number: number
  readonly started_at: Date
  readonly duration_ms: number
  readonly status: number | null
  readonly error: string | null
  readonly body: string | null
  readonly revision: string | null
  readonly traceparent: string
}

export const attemptsOf = (url: string, eventId: string) =>
  query<AttemptRow>(url, 'select * from ebb.attempt where event_id = $1 order by consumer, number', [eventId])

/** How many deliveries are in each state. */
export async function countStates(url: string): Promise<Record<string, number>> {
  const rows = await query<{ state: string; n: number }>(
    url,
    'select state, count(*)::int as n from ebb.delivery_state group by state',
  )
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]))
}
