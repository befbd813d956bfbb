import type pg from 'pg'
import type { Limit } from '../../contract/index.ts'
import { toCamelCase } from '../values/read-rows.ts'
import { isItsEvent } from './its-event.ts'
import { DATA_BYTES, inline } from './payloads.ts'

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
  /** Of its data. */
  readonly version: number
  readonly source: string
  readonly subject: string | null
  /** JSON text; null where it is large, and read when it is sent. */
  readonly data: string | null
  /** About how many bytes it has. */
  readonly dataBytes: number
  readonly traceparent: string
  readonly correlationId: string
  readonly callerId: string
  /** The tenant of that caller. */
  readonly tenant: string | null
  /** It is delivered after those of its partition that came before. */
  readonly partition: string | null
  /** How many events led to this one; 0 where a request did. */
  readonly hops: number
  /** RFC 3339. */
  readonly createdAt: string
  /** For how long it was due, or was emitted, when it was leased. */
  readonly waitedSeconds: number
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
  extends Pick<Delivery, 'eventId' | 'consumer' | 'attempt' | 'type' | 'correlationId' | 'traceparent' | 'partition'> {
  readonly state: 'waiting' | 'dead'
  readonly durationMs: number
}

/** SQL of for how long an event has been due. */
export const waitedSeconds = (event: string): string =>
  `extract(epoch from now() - greatest(${event}.created_at, ${event}.due_at))::float8`

/** Leases at most `limit` of what is due for one subscriber, for `leaseMs`. Nothing was due before `since`. */
export async function leaseDeliveries(
  pool: pg.Pool,
  consumer: string,
  { limit, leaseMs, since = '-infinity', rate }: LeaseOptions & { readonly rate?: Limit | undefined },
): Promise<Delivery[]> {
  const values = [consumer, limit, leaseMs, since, ...(rate ? [rate.requests / rate.perSeconds, rate.burst] : [])]
  const { rows } = await pool.query(leaseDeliveriesSql(rate ? RATED : UNRATED), values)
  return rows.map((row) => toCamelCase<Delivery>(row))
}

export interface LeaseOptions {
  readonly limit: number
  readonly leaseMs: number
  /** Default: look at all that waits. */
  readonly since?: string | undefined
}

/** What a Delivery is, of what was leased and its event. */
export const LEASED_COLUMNS = /* sql */ `
  event_id, consumer, attempts as attempt, attempts_not_counted, redrive_id is not null as redriven, lease_token,
  type, version, source, subject, ${inline('coalesce(edited, payload)::text')} as data,
  ${DATA_BYTES} as data_bytes, traceparent, correlation_id, caller_id, tenant, hops, created_at,
  ${waitedSeconds('outbox')} as waited_seconds, leased.partition_key as partition`

const UNRATED = { before: '', limit: '$2', after: '' }
/** One row for each subscriber that has a rate: relays wait for each other there, and take what is left of it. */
const RATED = {
  before: `rate as materialized (
  select least($6, tokens + extract(epoch from clock_timestamp() - at) * $5)::float8 as tokens
  from ebb.subscriber_rate where consumer = $1 for update
),`,
  limit: 'least($2, (select floor(tokens)::int4 from rate))',
  after: `,
paid as (
  update ebb.subscriber_rate set tokens = rate.tokens - (select count(*) from leased), at = clock_timestamp()
  from rate where consumer = $1
)`,
}

/** Says that this subscriber has a rate, with all of its burst. */
export async function beginRate(pool: pg.Pool, consumer: string, { burst }: Limit): Promise<void> {
  await pool.query(
    'insert into ebb.subscriber_rate (consumer, tokens, at) values ($1, $2, now()) on conflict do nothing',
    [consumer, burst],
  )
}

/**
 * Leases what is due for one subscriber ($1) since $4, the longest waiting first, at most $2, for $3 milliseconds. With one
 * subscriber a statement, the planner knows how few rows there will be; for many it read the whole tables. Where it has a
 * rate, $5 is what it may take in a second, and $6 at once.
 */
const leaseDeliveriesSql = ({ before, limit, after }: typeof UNRATED) => /* sql */ `
with ${before}
due as materialized (
  select event_id, consumer from ebb.delivery
  where state = 'waiting' and consumer = $1 and available_at between $4 and now()
  order by available_at
  limit ${limit}
  for update skip locked
),
leased as (
  update ebb.delivery
  set state = 'leased', attempts = attempts + 1, lease_token = gen_random_uuid(),
      locked_until = now() + $3 * interval '1 ms'
  from due
  where delivery.event_id = due.event_id and delivery.consumer = due.consumer
  returning delivery.event_id, delivery.consumer, attempts, forgiven + uncounted as attempts_not_counted,
            redrive_id, lease_token, event_time, delivery.partition_key, edited
)${after}
select ${LEASED_COLUMNS}
from leased join ebb.outbox on ${isItsEvent('leased')}`
