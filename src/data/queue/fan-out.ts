import type pg from 'pg'
import type { ChangeSelection } from '../../contract/index.ts'
import { toCamelCase } from '../values/read-rows.ts'
import { type Delivery, waitedSeconds } from './deliveries.ts'
import type { Partition } from './partitions.ts'
import { DATA_BYTES, inline } from './payloads.ts'

/** A subscriber's part in a fan-out. */
interface FanOutTo {
  readonly name: string
  readonly on: string
  /** How many of its deliveries are leased at once, for `leaseMs`. Default: none. */
  readonly limit?: number
  readonly leaseMs?: number
  /** Of the changes of a table: which ones. */
  readonly change?: Pick<ChangeSelection, 'operations' | 'columns'> | undefined
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
  const selections = subscriptions.map(({ change }) => change && JSON.stringify(change))
  const values = [types, consumers, limits, leaseMs, limit, selections, ...(since === undefined ? [] : [since])]
  const { rows } = await pool.query(fanOutSql(since === undefined ? '' : SINCE), values)
  return {
    ...rows[0].look,
    leased: rows.flatMap(({ look: _, ...row }) => (row.event_id ? toCamelCase<Delivery>(row) : [])),
  }
}

/** A transaction's age bounds which days are looked at: none is open for as long as this. */
const SINCE = "and transaction_id >= $7::xid8 and created_at > now() - interval '1 day'"

/** SQL of whether a change of a table is one that the subscriber takes: the relay makes one event for all that take some. */
const isSelected = /* sql */ `(
      selection -> 'operations' ? (payload ->> 'operation')
      and (payload ->> 'operation' <> 'update' or exists (
        select from jsonb_array_elements_text(payload -> 'changed') as changed (name) where selection -> 'columns' ? name
      ))
    )`

/**
 * Makes a delivery for each subscriber of a batch of new events, and marks the events. $1 event types, $2 their
 * subscribers, $3 how many of its deliveries each of these leases, and $4 for how many milliseconds (parallel arrays: a
 * type stands once for each of its subscribers), $5 events at most, $6 which changes of a table each takes, $7 the first transaction. In the order of transactions,
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
earlier as materialized (
  select * from ebb.outbox as before
  where fanned_out_at is null and partition_key is not null and (select count(*) from oldest) = $5
    -- Hashed: of a large backlog, few are of these partitions, and only those are compared one by one.
    and coalesce((type, partition_key) in (select type, partition_key from oldest where partition_key is not null), false)
    and id not in (select id from oldest)
    and exists (
      select from oldest
      where oldest.type = before.type and oldest.partition_key = before.partition_key
        and oldest.partition_number > before.partition_number
    )
  for update
),
fresh as materialized (select * from oldest union all select * from earlier),
planned as (
  select *, is_due and row_number() over (partition by consumer, is_due order by transaction_id) <= lease_limit as is_leased
  from (
    select fresh.id, created_at, transaction_id, partition_key, partition_number, due_at, consumer, lease_limit, lease_ms,
           partition_key is null and coalesce(due_at <= now(), true) as is_due
    from fresh join unnest($1::text[], $2::text[], $3::int4[], $4::int4[], $6::jsonb[])
      as subscribed (type, consumer, lease_limit, lease_ms, selection) using (type)
    where selection is null or ${isSelected}
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
       type, version, source, subject, ${inline('payload::text')} as data, ${DATA_BYTES} as data_bytes,
       traceparent, correlation_id, caller_id, tenant, hops, created_at, ${waitedSeconds('fresh')} as waited_seconds,
       made.partition_key as partition
from look left join (made join fresh on fresh.id = event_id) on made.state = 'leased'`
