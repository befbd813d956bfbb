import type pg from 'pg'
import type { WebhookDelivery } from './webhook-queue.ts'

/** How one attempt has ended. */
export interface SettledWebhookDelivery extends Pick<WebhookDelivery, 'webhookId' | 'messageId' | 'leaseToken'> {
  readonly state: 'done' | 'waiting' | 'dead'
  /** Where it waits. */
  readonly retryInMs?: number | undefined
  readonly durationMs: number
  readonly status?: number | undefined
  readonly error?: string | undefined
  /** What the address has asked for. */
  readonly retryAfterMs?: number | undefined
  /** Whether nothing was sent, for a reason of our own: no attempt of the message, and no fault of the address. */
  readonly uncounted?: boolean | undefined
}

export interface SettledWebhooks {
  /** The tokens of the leases that were still valid. */
  readonly settled: ReadonlySet<string>
  /** The webhooks that were disabled because of it. */
  readonly disabled: readonly string[]
}

/** How many of the last attempts of a delivery are kept. */
const MAX_HISTORY = 30
/** So many failures in a row are no reason to leave an address alone. */
const PATIENCE = 2
const MAX_REST_SECONDS = 300

/**
 * Ends leases and records their attempts, in one transaction, and what that says of the addresses: one that keeps failing rests
 * longer and longer, 5 min at most, and gets one message at a time until it takes one; it is disabled once nothing has succeeded for
 * `disableHours`, or at once where it says 410. That is told by an event.
 */
export async function settleWebhooks(
  pool: pg.Pool,
  settled: readonly SettledWebhookDelivery[],
  { disableHours }: { readonly disableHours: number },
): Promise<SettledWebhooks> {
  const { rows } = await pool.query<{ tokens: string[]; disabled: string[] }>(settleSql, [
    JSON.stringify(settled),
    disableHours,
  ])
  const [{ tokens, disabled } = { tokens: [], disabled: [] }] = rows
  return { settled: new Set(tokens), disabled }
}

/** What was under way when a rest began is no further failure. */
const settleSql = /* sql */ `
with given as materialized (
  select * from jsonb_to_recordset($1) as given (
    "webhookId" uuid, "messageId" uuid, "leaseToken" uuid, state text, "retryInMs" float8, "durationMs" int4, status int4,
    error text, "retryAfterMs" float8, uncounted boolean
  )
),
settled as (
  update ebb.webhook_delivery
  set state = given.state, lease_token = null, locked_until = null,
      attempts = attempts - coalesce(uncounted, false)::int4,
      available_at = case when given.state = 'waiting' then now() + "retryInMs" * interval '1 ms' else available_at end,
      settled_at = case when given.state = 'waiting' then null else now() end,
      history = case when jsonb_array_length(history) < ${MAX_HISTORY} then history else history - 0 end
                || jsonb_strip_nulls(jsonb_build_object('at', now() - "durationMs" * interval '1 ms', 'durationMs', "durationMs",
                                                        'status', status, 'error', error))
  from given
  where webhook_id = "webhookId" and message_id = "messageId" and lease_token = "leaseToken"
  returning webhook_id, "leaseToken", given.state, "durationMs", status, "retryAfterMs", coalesce(uncounted, false) as uncounted
),
said as materialized (
  select webhook_id, bool_or(state = 'done') as succeeded, bool_or(status = 410) as is_gone,
         max(now() - "durationMs" * interval '1 ms') as began_at, coalesce(max("retryAfterMs"), 0) as rest_ms
  from settled where not uncounted group by webhook_id
),
recovered as (
  update ebb.webhook set failures = 0, failing_since = null, rest_until = null
  from said where id = webhook_id and succeeded and failing_since is not null
),
failed as (
  update ebb.webhook
  set failures = failures + 1, failing_since = coalesce(failing_since, now()),
      rest_until = now() + greatest(
        rest_ms / 1000,
        case when failures >= ${PATIENCE}
             then least(${MAX_REST_SECONDS}, 2 ^ least(failures - ${PATIENCE}, 20)) * (1 + random() / 4) else 0 end
      ) * interval '1 s',
      state = case when webhook.state = 'active' and (is_gone or failing_since < now() - $2 * interval '1 h')
                   then 'disabled' else webhook.state end,
      disabled_for = case when webhook.state = 'active' and (is_gone or failing_since < now() - $2 * interval '1 h')
                          then case when is_gone then 'gone' else 'failing' end else disabled_for end
  from said
  where id = webhook_id and not succeeded and webhook.state in ('active', 'paused') and (is_gone or rest_until is null or rest_until <= began_at)
  returning id, subject, tenant, url, webhook.state, disabled_for, failing_since
),
told as (
  insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id, hops)
  select gen_random_uuid(), 'ebb.webhook.disabled', '/ebb/webhooks',
         jsonb_build_object('id', id, 'subject', subject, 'tenant', tenant, 'url', url, 'reason', disabled_for,
                            'failingSince', to_char(failing_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
         '00-' || replace(gen_random_uuid()::text, '-', '') || '-' || left(replace(gen_random_uuid()::text, '-', ''), 16) || '-00',
         gen_random_uuid()::text, 'ebb:webhooks', 0
  from failed where state = 'disabled'
)
select coalesce((select array_agg("leaseToken") from settled), '{}') as tokens,
       coalesce((select array_agg(id) from failed where state = 'disabled'), '{}') as disabled`
