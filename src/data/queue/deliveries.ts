import type pg from 'pg'
import { toCamelCase } from '../values/read-rows.ts'
import { isItsEvent } from './its-event.ts'

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

/** What a look for new events has found, and from which transaction the next one has to begin. */
export interface FannedOut {
  readonly events: number
  /** All events of earlier transactions have been fanned out. */
  readonly since: string
}

/**
 * Makes the deliveries of at most `limit` events that have none yet. An event without a subscriber is marked all the same.
 * With the `since` of an earlier call, it reads no event of before that.
 */
export async function fanOut(
  pool: pg.Pool,
  subscriptions: readonly { readonly name: string; readonly on: string }[],
  { limit = 500, since }: { readonly limit?: number; readonly since?: string | undefined } = {},
): Promise<FannedOut> {
  const types = subscriptions.map(({ on }) => on)
  const consumers = subscriptions.map(({ name }) => name)
  const values = [types, consumers, limit, ...(since === undefined ? [] : [since])]
  const { rows } = await pool.query<FannedOut>(fanOutSql(since === undefined ? '' : SINCE), values)
  return rows[0] ?? { events: 0, since: since ?? '0' }
}

/** A transaction's age bounds which days are looked at: none is open for as long as this. */
const SINCE = "and transaction_id >= $4::xid8 and created_at > now() - interval '1 day'"

/**
 * Makes a delivery for each subscriber of a batch of new events, and marks the events. $1 event types, $2 their
 * subscribers (parallel arrays: a type stands once for each of its subscribers), $3 events at most, $4 the first transaction.
 * In the order of transactions, of which all before the oldest one that is still running are seen.
 */
const fanOutSql = (condition: string) => /* sql */ `
with fresh as materialized (
  select id, type, created_at, transaction_id from ebb.outbox
  where fanned_out_at is null ${condition}
  order by transaction_id
  limit $3
  for update skip locked
),
made as (
  insert into ebb.delivery (event_id, consumer, available_at, event_time)
  select fresh.id, subscribed.consumer, now(), fresh.created_at
  from fresh join unnest($1::text[], $2::text[]) as subscribed (type, consumer) using (type)
  on conflict do nothing
),
marked as (
  update ebb.outbox set fanned_out_at = now() from fresh
  where outbox.id = fresh.id and outbox.created_at = fresh.created_at
),
seen as (select count(*)::int4 as events, max(transaction_id) as last from fresh)
select events, least(pg_snapshot_xmin(pg_current_snapshot()), case when events = $3 then last end)::text as since from seen`

/** Leases at most `limit` of what is due for one subscriber, for `leaseMs`. Nothing was due before `since`. */
export async function leaseDeliveries(
  pool: pg.Pool,
  consumer: string,
  { limit, leaseMs, since = '-infinity' }: LeaseOptions,
): Promise<Delivery[]> {
  const { rows } = await pool.query(leaseDeliveriesSql, [consumer, limit, leaseMs, since])
  return rows.map((row) => toCamelCase<Delivery>(row))
}

export interface LeaseOptions {
  readonly limit: number
  readonly leaseMs: number
  /** Default: look at all that waits. */
  readonly since?: string | undefined
}

/**
 * Leases what is due for one subscriber ($1) since $4, the longest waiting first, at most $2, for $3 milliseconds. With one
 * subscriber a statement, the planner knows how few rows there will be; for many it read the whole tables.
 */
const leaseDeliveriesSql = /* sql */ `
with due as materialized (
  select event_id, consumer from ebb.delivery
  where state = 'waiting' and consumer = $1 and available_at between $4 and now()
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
            redrive_id, lease_token, event_time
)
select event_id, consumer, attempts as attempt, attempts_not_counted, redrive_id is not null as redriven, lease_token,
       type, source, subject, payload::text as data, traceparent, correlation_id, caller_id, tenant, hops, created_at
from leased join ebb.outbox on ${isItsEvent('leased')}`
