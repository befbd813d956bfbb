import type pg from 'pg'

/** A delivery that a broker has given up. */
export interface GivenUp {
  readonly eventId: string
  readonly consumer: string
  /** What the subscriber answered last, as far as the broker says. */
  readonly status: number | undefined
  readonly error: string
  readonly body: string | undefined
}

/**
 * Makes a dead letter of what a broker has given up, once however often it says so, and never of what is over already. Resolves
 * to false where there is no such event: it was never emitted here, or its history has ended.
 */
export async function addDeadLetter(
  pool: pg.Pool,
  { eventId, consumer, status, error, body }: GivenUp,
): Promise<'added' | 'known' | 'no event'> {
  if (!UUID.test(eventId)) return 'no event'
  const { rows } = await pool.query<{ exists: boolean; added: boolean }>(addDeadLetterSql, [
    ...[eventId, consumer, status, error, body],
  ])
  const [{ exists, added } = { exists: false, added: false }] = rows
  if (!exists) return 'no event'
  return added ? 'added' : 'known'
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** $1 event, $2 its subscriber, $3 status, $4 error, $5 body. The attempts of a broker are one here: it counts them. */
const addDeadLetterSql = /* sql */ `
with event as materialized (select id, created_at, traceparent from ebb.outbox where id = $1 limit 1),
added as (
  insert into ebb.delivery (event_id, consumer, state, attempts, available_at, settled_at, event_time)
  select id, $2, 'dead', 1, now(), now(), created_at from event
  where not exists (
    select from ebb.attempt where event_id = $1 and consumer = $2 and outcome in ('done', 'dropped')
  )
  on conflict do nothing
  returning event_id
),
recorded as (
  insert into ebb.attempt (event_id, consumer, number, started_at, duration_ms, status, error, body, traceparent, outcome)
  select id, $2, 1, now(), 0, $3, $4, $5, traceparent, 'dead' from event join added on event_id = id
)
select exists (select from event) as exists, exists (select from added) as added`
