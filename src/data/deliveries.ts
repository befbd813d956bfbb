import type pg from 'pg'
import { toCamelCase } from './camel-case.ts'
import { dueTimesSql } from './sql/due-times.ts'
import { fanOutSql } from './sql/fan-out.ts'
import { leaseDeliveriesSql } from './sql/lease-deliveries.ts'
import { returnLostSql } from './sql/return-lost.ts'
import { settleDeliveriesSql } from './sql/settle-deliveries.ts'

/** One event on its way to one subscriber, ours until the lease ends. */
export interface Delivery {
  readonly eventId: string
  readonly consumer: string
  /** 1 for the first. */
  readonly attempt: number
  /** How many of them do not count: those before it was redriven, and those in which the platform refused itself. */
  readonly forgiven: number
  /** Whether its end may make others due. */
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
  /** How many events led to this one; 0 where a request did. */
  readonly hops: number
  /** RFC 3339. */
  readonly createdAt: string
}

export type Lease = Pick<Delivery, 'eventId' | 'consumer' | 'leaseToken'>

/** What came of an attempt. A `retryInMs` is given where it is to be tried again. */
export interface Settlement {
  readonly state: 'done' | 'waiting' | 'dead'
  readonly retryInMs?: number
  /** Whether the attempt counts against no allowance. */
  readonly uncounted?: boolean
  /** Whole. */
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

/**
 * How long until something is due, for each of these subscribers that something waits for; 0 or less where it is.
 * In milliseconds.
 */
export async function dueTimes(pool: pg.Pool, consumers: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { rows } = await pool.query<{ consumer: string; due_in_ms: number }>(dueTimesSql, [consumers])
  return new Map(rows.map(({ consumer, due_in_ms }) => [consumer, due_in_ms]))
}

/** Takes at most `most` of what is due for one subscriber; each is ours for `leaseMs`. */
export async function leaseDeliveries(
  pool: pg.Pool,
  consumer: string,
  { most, leaseMs }: { readonly most: number; readonly leaseMs: number },
): Promise<Delivery[]> {
  const { rows } = await pool.query(leaseDeliveriesSql, [consumer, most, leaseMs])
  return rows.map((row) => toCamelCase<Delivery>(row))
}

/**
 * Ends leases and writes down their attempts, in one transaction. Answers the tokens of those that were still ours; for
 * the others nothing has changed.
 */
export async function settleDeliveries(
  pool: pg.Pool,
  settled: readonly { readonly delivery: Lease; readonly settlement: Settlement }[],
): Promise<ReadonlySet<string>> {
  const given = settled.map(({ delivery: { eventId, consumer, leaseToken }, settlement }) => ({
    ...{ eventId, consumer, leaseToken },
    ...settlement,
  }))
  const { rows } = await pool.query<{ lease_token: string }>(settleDeliveriesSql, [JSON.stringify(given)])
  return new Set(rows.map(({ lease_token }) => lease_token))
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
