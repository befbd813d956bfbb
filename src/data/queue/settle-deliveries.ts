import type pg from 'pg'
import { toCamelCase } from '../values/read-rows.ts'
import type { Delivery, ReclaimedDelivery, Settlement } from './deliveries.ts'
import { isItsEvent } from './its-event.ts'
import { followRedriveSql } from './redrive.ts'

/**
 * Ends leases and records their attempts, in one transaction. Returns the tokens of the leases that were still valid; for
 * the others nothing has changed.
 */
export async function settleDeliveries(
  pool: pg.Pool,
  settled: readonly {
    readonly delivery: Pick<Delivery, 'eventId' | 'consumer' | 'leaseToken'>
    readonly settlement: Settlement
  }[],
): Promise<ReadonlySet<string>> {
  const given = settled.map(({ delivery: { eventId, consumer, leaseToken }, settlement }) => ({
    ...{ eventId, consumer, leaseToken },
    ...settlement,
  }))
  const { rows } = await pool.query<{ lease_token: string }>(settleDeliveriesSql, [JSON.stringify(given)])
  return new Set(rows.map(({ lease_token }) => lease_token))
}

/** SQL that says what came of an attempt, by the state that its delivery is in after it. */
const outcomeOf = (state: string) => `case ${state} when 'waiting' then 'retry' else ${state} end`

/**
 * $1 is a JSON array of objects, each with the members of a delivery's lease and of its Settlement. What is done has no row any
 * more but the attempt that it took.
 */
const settleDeliveriesSql = /* sql */ `
with given as materialized (
  select * from jsonb_to_recordset($1) as given (
    "eventId" uuid, consumer text, "leaseToken" uuid, state text, "retryInMs" float8, "durationMs" int,
    status int, error text, body text, revision text, uncounted boolean
  )
),
finished as (
  delete from ebb.delivery using given
  where event_id = "eventId" and delivery.consumer = given.consumer and lease_token = "leaseToken" and given.state = 'done'
  returning event_id, delivery.consumer, attempts, "leaseToken", "durationMs", status, error, body, revision,
            given.state, redrive_id, redrive_rank, forgiven, event_time
),
unfinished as (
  update ebb.delivery
  set state = given.state, lease_token = null, locked_until = null,
      uncounted = delivery.uncounted + coalesce(given.uncounted, false)::int,
      available_at = case when given.state = 'waiting' then now() + "retryInMs" * interval '1 ms' else available_at end,
      settled_at = case when given.state = 'waiting' then null else now() end
  from given
  where event_id = "eventId" and delivery.consumer = given.consumer and lease_token = "leaseToken" and given.state <> 'done'
  returning event_id, delivery.consumer, attempts, "leaseToken", "durationMs", status, error, body, revision,
            delivery.state, redrive_id, redrive_rank, forgiven, event_time
),
settled as (select * from finished union all select * from unfinished),
${followRedriveSql},
recorded as (
  insert into ebb.attempt (event_id, consumer, number, started_at, duration_ms, status, error, body, revision,
                           traceparent, outcome, forgiven, redrive_id)
  select event_id, consumer, attempts, now() - "durationMs" * interval '1 ms', "durationMs", status, error, body,
         revision, traceparent, ${outcomeOf('state')}, forgiven, redrive_id
  from settled join ebb.outbox on ${isItsEvent('settled')}
)
select "leaseToken" as lease_token from settled`

interface Reclaimed {
  readonly reclaimed: readonly ReclaimedDelivery[]
  /** All leases that had expired before were found. */
  readonly since: string
}

/** Reclaims at most `limit` leases that have expired: that their relay was lost counts as an attempt. */
export async function reclaimDeliveries(
  pool: pg.Pool,
  known: readonly { readonly consumer: string; readonly attempts: number; readonly leaseMs: number }[],
  { limit = 500, since = '-infinity' }: { readonly limit?: number; readonly since?: string | undefined } = {},
): Promise<Reclaimed> {
  const consumers = known.map(({ consumer }) => consumer)
  const values = [consumers, known.map(({ attempts }) => attempts), known.map(({ leaseMs }) => leaseMs), limit, since]
  const { rows } = await pool.query<{ reclaimed: Record<string, unknown>[]; since: string }>(
    reclaimDeliveriesSql,
    values,
  )
  const [{ reclaimed, since: next } = { reclaimed: [], since }] = rows
  return { reclaimed: reclaimed.map((row) => toCamelCase<ReclaimedDelivery>(row)), since: next }
}

/**
 * Reclaims expired leases: due again at once, or dead where the attempts are used up. The lost attempt is recorded.
 * $1 subscribers, $2 attempts that each one grants, $3 milliseconds that each one's lease held (parallel arrays), $4
 * deliveries at most, $5 from when on leases may have expired.
 */
const reclaimDeliveriesSql = /* sql */ `
with known as materialized (
  select * from unnest($1::text[], $2::int[], $3::int[]) as known (consumer, granted, lease_ms)
),
lost as materialized (
  select event_id, consumer, delivery.attempts, locked_until, lease_ms,
         case when delivery.attempts - forgiven - uncounted < granted then 'waiting' else 'dead' end as state
  from ebb.delivery join known using (consumer)
  where delivery.state = 'leased' and locked_until >= $5 and locked_until < now()
  limit $4
  for update of delivery skip locked
),
settled as (
  update ebb.delivery
  set state = lost.state, lease_token = null, locked_until = null, available_at = now(),
      settled_at = case when lost.state = 'dead' then now() end
  from lost
  where delivery.event_id = lost.event_id and delivery.consumer = lost.consumer
  returning delivery.event_id, delivery.consumer, delivery.attempts, delivery.state, lost.locked_until, lost.lease_ms,
            redrive_id, redrive_rank, event_time, partition_key
),
${followRedriveSql},
recorded as (
  insert into ebb.attempt (event_id, consumer, number, started_at, duration_ms, error, traceparent, outcome)
  select event_id, consumer, attempts, locked_until - lease_ms * interval '1 ms', lease_ms,
         'the relay was lost', traceparent, ${outcomeOf('state')}
  from settled join ebb.outbox on ${isItsEvent('settled')}
),
report as (
  select event_id, consumer, attempts as attempt, state, lease_ms as duration_ms, type, correlation_id, traceparent,
         settled.partition_key as partition
  from settled join ebb.outbox on ${isItsEvent('settled')}
)
select coalesce(jsonb_agg(to_jsonb(report)), '[]') as reclaimed,
       case when count(*) < $4 then now() else $5::timestamptz end::text as since
from report`
