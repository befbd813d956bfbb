import type pg from 'pg'
import { toCamelCase } from './pool.ts'
import { fanOutSql } from './sql/fan-out.ts'
import { leaseDeliveriesSql } from './sql/lease-deliveries.ts'
import { nextDueSql } from './sql/next-due.ts'
import { returnLostSql } from './sql/return-lost.ts'
import { settleDeliverySql } from './sql/settle-delivery.ts'

/** One event on its way to one subscriber, ours until the lease ends. */
export interface Delivery {
  readonly eventId: string
  readonly consumer: string
  /** 1 for the first. */
  readonly attempt: number
  readonly leaseToken: string
  readonly type: string
  readonly source: string
  readonly subject: string | null
  /** JSON text. */
  readonly data: string
  readonly traceparent: string
  readonly correlationId: string
  readonly callerId: string
  /** RFC 3339. */
  readonly createdAt: string
}

/** What came of an attempt. A `retryInMs` is given where it is to be tried again. */
export interface Settlement {
  readonly state: 'done' | 'waiting' | 'dead'
  readonly retryInMs?: number
  readonly durationMs: number
  /** The HTTP status; where no answer came, `error` says why. */
  readonly status?: number
  readonly error?: string
  readonly body?: string
  readonly revision?: string
}

/** A delivery whose relay died. */
export interface LostDelivery
  extends Pick<Delivery, 'eventId' | 'consumer' | 'attempt' | 'type' | 'correlationId' | 'traceparent'> {
  readonly state: 'waiting' | 'dead'
  readonly durationMs: number
}

/**
 * Makes the deliveries of at most `most` events that have none yet, and answers how many events those were. An event
 * without a subscriber is marked all the same.
 */
export async function fanOut(
  pool: pg.Pool,
  subscriptions: readonly { readonly name: string; readonly on: string }[],
  { most = 500 } = {},
): Promise<number> {
  const types = subscriptions.map(({ on }) => on)
  const consumers = subscriptions.map(({ name }) => name)
  const { rowCount } = await pool.query(fanOutSql, [types, consumers, most])
  return rowCount ?? 0
}

/** Takes what is due, for each subscriber at most as many as it wants; each is ours for `leaseMs`. */
export async function leaseDeliveries(
  pool: pg.Pool,
  wanted: readonly { readonly consumer: string; readonly most: number; readonly leaseMs: number }[],
): Promise<Delivery[]> {
  const consumers = wanted.map(({ consumer }) => consumer)
  const values = [consumers, wanted.map(({ most }) => most), wanted.map(({ leaseMs }) => leaseMs)]
  const { rows } = await pool.query(leaseDeliveriesSql, values)
  return rows.map((row) => toCamelCase<Delivery>(row))
}

/** Ends a lease and writes down its attempt. False where the lease was not ours any more: then nothing has changed. */
export async function settleDelivery(
  pool: pg.Pool,
  { eventId, consumer, leaseToken }: Pick<Delivery, 'eventId' | 'consumer' | 'leaseToken'>,
  { state, retryInMs = 0, durationMs, status, error, body, revision }: Settlement,
): Promise<boolean> {
  const lease = [eventId, consumer, leaseToken]
  const { rowCount } = await pool.query(settleDeliverySql, [
    ...lease,
    ...[state, Math.round(retryInMs), Math.round(durationMs), status, error, body, revision],
  ])
  return rowCount === 1
}

/** Takes back at most `most` leases that ran out: that their relay was lost counts as an attempt. */
export async function returnLost(
  pool: pg.Pool,
  known: readonly { readonly consumer: string; readonly attempts: number; readonly leaseMs: number }[],
  { most = 500 } = {},
): Promise<LostDelivery[]> {
  const consumers = known.map(({ consumer }) => consumer)
  const values = [consumers, known.map(({ attempts }) => attempts), known.map(({ leaseMs }) => leaseMs), most]
  const { rows } = await pool.query(returnLostSql, values)
  return rows.map((row) => toCamelCase<LostDelivery>(row))
}

/** How long until something is due for one of these subscribers (0 or less: it is); undefined where nothing waits. */
export async function nextDueMs(pool: pg.Pool, consumers: readonly string[]): Promise<number | undefined> {
  const { rows } = await pool.query<{ due_in_ms: number | null }>(nextDueSql, [consumers])
  return rows[0]?.due_in_ms ?? undefined
}
