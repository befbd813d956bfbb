import { followRedriveSql } from './follow-redrive.ts'

/**
 * Ends leases and writes down their attempts, both or neither; answers the lease tokens that were still good.
 * $1 is a JSON array of Delivery and Settlement in one.
 */
export const settleDeliveriesSql = /* sql */ `
with given as materialized (
  select * from jsonb_to_recordset($1) as given (
    "eventId" uuid, consumer text, "leaseToken" uuid, state text, "retryInMs" float8, "durationMs" int,
    status int, error text, body text, revision text, uncounted boolean
  )
),
settled as (
  update ebb.delivery
  set state = given.state, lease_token = null, locked_until = null,
      uncounted = delivery.uncounted + coalesce(given.uncounted, false)::int,
      available_at = case when given.state = 'waiting' then now() + "retryInMs" * interval '1 ms' else available_at end,
      settled_at = case when given.state = 'waiting' then null else now() end
  from given
  where event_id = "eventId" and delivery.consumer = given.consumer and lease_token = "leaseToken"
  returning event_id, delivery.consumer, attempts, "leaseToken", "durationMs", status, error, body, revision,
            delivery.state, redrive_id, redrive_rank
),
${followRedriveSql},
noted as (
  insert into ebb.attempt (event_id, consumer, number, started_at, duration_ms, status, error, body, revision,
                           traceparent)
  select event_id, consumer, attempts, now() - "durationMs" * interval '1 ms', "durationMs", status, error, body,
         revision, traceparent
  from settled join ebb.outbox on id = event_id
)
select "leaseToken" as lease_token from settled`
