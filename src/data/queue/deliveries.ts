import type pg from 'pg'
import { toCamelCase } from '../values/read-rows.ts'

/** One event on its way to one subscriber, this relay's until the lease ends. */
export interface Delivery {
  readonly eventId: string
  readonly consumer: string
  /** 1 for the first. */
  readonly attempt: number
  /**
   * How many of the attempts do not count against the allowance: those before the last redrive (column `forgiven`), and
   * since then those in which a function refused the platform's signature (column `uncounted`).
   */
  readonly attemptsNotCounted: number
  /** Whether an operator sent it on its way again, so that its end may make others due. */
  readonly redriven: boolean
  readonly leaseToken: string
  readonly type: string
  readonly source: string
  readonly subject: string | null
  /** JSON text. */
  readonly data: string
  readonly traceparent: string
  readonly correlationId: string
  readonly callerId: string
  /** The tenant of that caller. */
  readonly tenant: string | null
  /** How many events led to this one; 0 where a request did. */
  readonly hops: number
  /** RFC 3339. */
  readonly createdAt: string
}

/** The result of an attempt. A `retryInMs` is given where it is to be tried again. */
export interface Settlement {
  readonly state: 'done' | 'waiting' | 'dead'
  readonly retryInMs?: number
  /** Whether the attempt does not count against the allowance of attempts. */
  readonly uncounted?: boolean
  /** A whole number. */
  readonly durationMs: number
  /** The HTTP status; where no response came, `error` says why. */
  readonly status?: number
  readonly error?: string
  readonly body?: string
  readonly revision?: string
}

/** A delivery whose relay died. */
export interface ReclaimedDelivery
  extends Pick<Delivery, 'eventId' | 'consumer' | 'attempt' | 'type' | 'correlationId' | 'traceparent'> {
  readonly state: 'waiting' | 'dead'
  readonly durationMs: number
}

/**
 * Makes the deliveries of at most `limit` events that have none yet, and returns how many events those were. An event
 * without a subscriber is marked all the same.
 */
export async function fanOut(
  pool: pg.Pool,
  subscriptions: readonly { readonly name: string; readonly on: string }[],
  { limit = 500 } = {},
): Promise<number> {
  const types = subscriptions.map(({ on }) => on)
  const consumers = subscriptions.map(({ name }) => name)
  const { rowCount } = await pool.query(fanOutSql, [types, consumers, limit])
  return rowCount ?? 0
}

/**
 * Makes a delivery for each subscriber of a batch of new events, and marks the events. $1 event types, $2 their
 * subscribers (parallel arrays: a type stands once for each of its subscribers), $3 events at most. One row an event.
 */
const fanOutSql = /* sql */ `
with fresh as materialized (
  select id, type, created_at from ebb.outbox
  where fanned_out_at is null
  order by created_at
  limit $3
  for update skip locked
),
made as (
  insert into ebb.delivery (event_id, consumer, available_at)
  select fresh.id, subscribed.consumer, fresh.created_at
  from fresh join unnest($1::text[], $2::text[]) as subscribed (type, consumer) using (type)
  on conflict do nothing
)
update ebb.outbox set fanned_out_at = now() from fresh where outbox.id = fresh.id`

/** Leases at most `limit` of what is due for one subscriber, for `leaseMs`. */
export async function leaseDeliveries(
  pool: pg.Pool,
  consumer: string,
  { limit, leaseMs }: { readonly limit: number; readonly leaseMs: number },
): Promise<Delivery[]> {
  const { rows } = await pool.query(leaseDeliveriesSql, [consumer, limit, leaseMs])
  return rows.map((row) => toCamelCase<Delivery>(row))
}

/**
 * Leases what is due for one subscriber ($1), the longest waiting first, at most $2, for $3 milliseconds. With one
 * subscriber a statement, the planner knows how few rows there will be; for many it read the whole tables.
 */
const leaseDeliveriesSql = /* sql */ `
with due as materialized (
  select event_id, consumer from ebb.delivery
  where state = 'waiting' and consumer = $1 and available_at <= now()
  order by available_at
  limit $2
  for update skip locked
),
leased as (
  update ebb.delivery
  set state = 'leased', attempts = attempts + 1, lease_token = gen_random_uuid(),
      locked_until = now() + $3 * interval '1 ms'
  from due
  where delivery.event_id = due.event_id and delivery.consumer = due.consumer
  returning delivery.event_id, delivery.consumer, attempts, forgiven + uncounted as attempts_not_counted,
            redrive_id, lease_token
)
select event_id, consumer, attempts as attempt, attempts_not_counted, redrive_id is not null as redriven, lease_token,
       type, source, subject, payload::text as data, traceparent, correlation_id, caller_id, tenant, hops, created_at
from leased join ebb.outbox on id = event_id`
