import type pg from 'pg'
import type { Limit } from '../../contract/index.ts'
import { toCamelCase } from '../values/read-rows.ts'
import { isItsEvent } from './its-event.ts'
import type { Partition } from './partitions.ts'

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
  /** JSON text. */
  readonly data: string
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

/** A subscriber's part in a fan-out. */
interface FanOutTo {
  readonly name: string
  readonly on: string
  /** How many of its deliveries are leased at once, for `leaseMs`. Default: none. */
  readonly limit?: number
  readonly leaseMs?: number
}

/** What a look for new events has found, and from which transaction the next one has to begin. */
export interface FannedOut {
  readonly events: number
  readonly leased: readonly Delivery[]
  /** The milliseconds until a delivery is due, for each subscriber that has some which were not leased. */
  readonly waiting: Readonly<Record<string, number>>
  /** All events of earlier transactions have been fanned out. */
  readonly since: string
  /** Whose first delivery is to be released. */
  readonly partitions: readonly Partition[]
}

/**
 * Makes the deliveries of at most `limit` events that have none yet, and leases of these at once what is due, as many as each
 * subscriber takes. An event without a subscriber is marked all the same. With the `since` of an earlier call, it reads no
 * event of before that.
 */
export async function fanOut(
  pool: pg.Pool,
  subscriptions: readonly FanOutTo[],
  { limit = 500, since }: { readonly limit?: number; readonly since?: string | undefined } = {},
): Promise<FannedOut> {
  const types = subscriptions.map(({ on }) => on)
  const consumers = subscriptions.map(({ name }) => name)
  const limits = subscriptions.map((one) => one.limit ?? 0)
  const leaseMs = subscriptions.map((one) => one.leaseMs ?? 0)
  const values = [types, consumers, limits, leaseMs, limit, ...(since === undefined ? [] : [since])]
  const { rows } = await pool.query(fanOutSql(since === undefined ? '' : SINCE), values)
  return {
    ...rows[0].look,
    leased: rows.flatMap(({ look: _, ...row }) => (row.event_id ? toCamelCase<Delivery>(row) : [])),
  }
}

/** A transaction's age bounds which days are looked at: none is open for as long as this. */
const SINCE = "and transaction_id >= $6::xid8 and created_at > now() - interval '1 day'"

/**
 * Makes a delivery for each subscriber of a batch of new events, and marks the events. $1 event types, $2 their
 * subscribers, $3 how many of its deliveries each of these leases, and $4 for how many milliseconds (parallel arrays: a
 * type stands once for each of its subscribers), $5 events at most, $6 the first transaction. In the order of transactions,
 * of which all before the oldest one that is still running are seen. Of partitions, only one relay at a time takes events,
 * and never one without those before it; their deliveries wait at infinity. One row for each delivery that is leased; where
 * none is, one without a delivery.
 */
const fanOutSql = (condition: string) => /* sql */ `
with alone as materialized (select pg_try_advisory_xact_lock(hashtextextended('ebb.fan-out', 0)) as is_alone),
oldest as materialized (
  select * from ebb.outbox
  where fanned_out_at is null ${condition} and (partition_key is null or (select is_alone from alone))
  order by transaction_id
  limit $5
  for update skip locked
),
fresh as materialized (
  select * from oldest
  union all
  (
    select distinct on (before.id) before.* from ebb.outbox as before join oldest using (type, partition_key)
    where before.fanned_out_at is null and before.partition_number < oldest.partition_number
      and before.id not in (select id from oldest) and (select count(*) from oldest) = $5
  )
),
planned as (
  select *, is_due and row_number() over (partition by consumer, is_due order by transaction_id) <= lease_limit as is_leased
  from (
    select fresh.id, created_at, transaction_id, partition_key, partition_number, due_at, consumer, lease_limit, lease_ms,
           partition_key is null and coalesce(due_at <= now(), true) as is_due
    from fresh join unnest($1::text[], $2::text[], $3::int4[], $4::int4[])
      as subscribed (type, consumer, lease_limit, lease_ms) using (type)
  ) as subscribed
),
made as (
  insert into ebb.delivery (event_id, consumer, available_at, event_time, partition_key, partition_number, due_at,
                            state, attempts, lease_token, locked_until)
  select id, consumer, case when partition_key is null then greatest(now(), coalesce(due_at, now())) else 'infinity' end,
         created_at, partition_key, partition_number, due_at,
         case when is_leased then 'leased' else 'waiting' end, is_leased::int4,
         case when is_leased then gen_random_uuid() end,
         case when is_leased then now() + lease_ms * interval '1 ms' end
  from planned
  on conflict do nothing
  returning event_id, consumer, state, lease_token, partition_key, available_at
),
marked as (
  update ebb.outbox set fanned_out_at = now() from fresh
  where outbox.id = fresh.id and outbox.created_at = fresh.created_at
),
seen as (select count(*)::int4 as events, max(transaction_id) as last from oldest),
look as (
  select jsonb_build_object(
    'events', (select count(*)::int4 from fresh),
    'since', least(pg_snapshot_xmin(pg_current_snapshot()), case when events = $5 then last end)::text,
    'partitions', (select coalesce(jsonb_agg(distinct jsonb_build_object('consumer', consumer, 'partition', partition_key)), '[]')
                   from made where partition_key is not null),
    'waiting', (
      select coalesce(jsonb_object_agg(consumer, ceil(extract(epoch from first - now()) * 1000)), '{}')
      from (select consumer, min(available_at) as first from made where state = 'waiting' and partition_key is null
            group by consumer) as waiting
    )
  ) as look
  from seen
)
select look, event_id, consumer, 1 as attempt, 0 as attempts_not_counted, false as redriven, lease_token,
       type, version, source, subject, payload::text as data, traceparent, correlation_id, caller_id, tenant, hops, created_at,
       made.partition_key as partition
from look left join (made join fresh on fresh.id = event_id) on made.state = 'leased'`

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
select event_id, consumer, attempts as attempt, attempts_not_counted, redrive_id is not null as redriven, lease_token,
       type, version, source, subject, coalesce(edited, payload)::text as data, traceparent, correlation_id, caller_id, tenant, hops,
       created_at, leased.partition_key as partition
from leased join ebb.outbox on ${isItsEvent('leased')}`
