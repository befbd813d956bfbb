import type pg from 'pg'
import { transactWithTimeout } from '../postgres/transact-with-timeout.ts'
import { toCamelCase } from '../values/read-rows.ts'

/** One message on its way to one webhook, this relay's until the lease ends. */
export interface WebhookDelivery {
  readonly webhookId: string
  readonly messageId: string
  /** 1 for the first. */
  readonly attempt: number
  readonly leaseToken: string
  readonly url: string
  /** Sealed; the second one signs as well, while it is there. */
  readonly secret: Buffer
  readonly previousSecret: Buffer | null
  readonly type: string
  readonly body: string
  readonly correlationId: string
  readonly traceparent: string
}

/** A delivery whose relay died. */
export interface ReclaimedWebhookDelivery
  extends Pick<WebhookDelivery, 'messageId' | 'attempt' | 'correlationId' | 'traceparent' | 'type'> {
  readonly state: 'waiting' | 'dead'
  readonly durationMs: number
}

/** A part of a WITH RECURSIVE: each webhook that messages wait for, by one index lookup. */
export const WAITING = /* sql */ `
waiting (id) as (
  (select webhook_id from ebb.webhook_delivery where state = 'waiting' order by webhook_id limit 1)
  union all
  select (select webhook_id from ebb.webhook_delivery where state = 'waiting' and webhook_id > waiting.id order by webhook_id limit 1)
  from waiting where id is not null
)`

/** SQL of what is left of a webhook's rate now. */
export const TOKENS =
  'least(per_second, tokens + extract(epoch from clock_timestamp() - tokens_at) * per_second)::float8'

/** SQL of how many messages a webhook may get at a time: one where the last attempts have failed, to see whether it is back. */
export const AT_A_TIME = 'case when failures > 0 then 1 else concurrency end'

/** How many messages each of these webhooks is getting. */
export const BUSY = /* sql */ `
busy as materialized (
  select webhook_id as id, count(*)::int4 as leased from ebb.webhook_delivery where state = 'leased' group by webhook_id
)`

/** Returns the milliseconds until a message may be sent; 0 or less where one may be now, undefined where none is known to be. */
export async function findWebhookDueTime(pool: pg.Pool): Promise<number | undefined> {
  const { rows } = await pool.query<{ due_in_ms: number }>(findDueTimeSql)
  return rows[0]?.due_in_ms
}

const findDueTimeSql = /* sql */ `
with recursive ${WAITING}, ${BUSY}
select ceil(extract(epoch from min(greatest(
         first.available_at, rest_until, now() + greatest(0, 1 - ${TOKENS}) / per_second * interval '1 s'
       )) - now()) * 1000)::float8 as due_in_ms
from ebb.webhook left join busy using (id) cross join lateral (
  select available_at from ebb.webhook_delivery where state = 'waiting' and webhook_id = webhook.id
  order by available_at limit 1
) as first
where id in (select id from waiting) and webhook.state = 'active' and coalesce(leased, 0) < ${AT_A_TIME}
having count(*) > 0`

const LEASE_LIMIT_MS = 10_000

/**
 * Leases at most `limit` messages that are due, for `leaseMs`, of each webhook no more than its rate and its concurrency allow, over all
 * relays: each locks the webhooks that it leases for, and counts what others have leased by a statement that begins after that.
 */
export async function leaseWebhookDeliveries(
  pool: pg.Pool,
  { limit, leaseMs }: { readonly limit: number; readonly leaseMs: number },
): Promise<WebhookDelivery[]> {
  return transactWithTimeout(pool, LEASE_LIMIT_MS, async (client) => {
    const { rows: locked } = await client.query<{ id: string }>(lockWebhooksSql)
    if (locked.length === 0) return []
    const { rows } = await client.query(leaseSql, [locked.map(({ id }) => id), limit, leaseMs])
    return rows.map((row) => toCamelCase<WebhookDelivery>(row))
  })
}

/** Those whose messages another relay is leasing are left to that. A new delivery locks nothing against this. */
const lockWebhooksSql = /* sql */ `
with recursive ${WAITING}
select id from ebb.webhook
where id in (select id from waiting) and state = 'active' and (rest_until is null or rest_until <= now())
for no key update skip locked`

const leaseSql = /* sql */ `
with ${BUSY},
allowed as materialized (
  select id, ${TOKENS} as left_now, least(${AT_A_TIME} - coalesce(leased, 0), floor(${TOKENS}))::int4 as free
  from ebb.webhook left join busy using (id) where id = any ($1::uuid[])
),
chosen as materialized (
  select webhook_id, message_id from allowed cross join lateral (
    select webhook_id, message_id, available_at from ebb.webhook_delivery
    where state = 'waiting' and webhook_id = allowed.id and available_at <= now()
    order by available_at
    limit greatest(free, 0)
  ) as theirs
  order by available_at
  limit $2
),
leased as (
  update ebb.webhook_delivery
  set state = 'leased', attempts = attempts + 1, lease_token = gen_random_uuid(),
      locked_until = now() + $3 * interval '1 ms'
  from chosen
  where webhook_delivery.webhook_id = chosen.webhook_id and webhook_delivery.message_id = chosen.message_id
    and state = 'waiting'
  returning webhook_delivery.webhook_id, webhook_delivery.message_id, attempts, lease_token
),
paid as (
  update ebb.webhook set tokens = left_now - taken, tokens_at = clock_timestamp()
  from allowed join (select webhook_id, count(*) as taken from leased group by webhook_id) as counted
    on counted.webhook_id = allowed.id
  where webhook.id = allowed.id
)
select webhook_id, message_id, attempts as attempt, lease_token, url, secret,
       case when previous_until > now() then previous_secret end as previous_secret,
       type, body, correlation_id, traceparent
from leased join ebb.webhook on webhook.id = webhook_id join ebb.webhook_message on webhook_message.id = message_id`

/** Reclaims at most `limit` leases that have expired: that their relay was lost counts as one of the `attempts`. */
export async function reclaimWebhookDeliveries(
  pool: pg.Pool,
  { attempts, leaseMs, limit = 500 }: { readonly attempts: number; readonly leaseMs: number; readonly limit?: number },
): Promise<ReclaimedWebhookDelivery[]> {
  const { rows } = await pool.query(reclaimSql, [attempts, leaseMs, limit])
  return rows.map((row) => toCamelCase<ReclaimedWebhookDelivery>(row))
}

const reclaimSql = /* sql */ `
with lost as materialized (
  select webhook_id, message_id, locked_until, case when attempts < $1 then 'waiting' else 'dead' end as state
  from ebb.webhook_delivery
  where state = 'leased' and locked_until < now()
  limit $3
  for update skip locked
),
reclaimed as (
  update ebb.webhook_delivery
  set state = lost.state, lease_token = null, locked_until = null, available_at = now(),
      settled_at = case when lost.state = 'dead' then now() end,
      history = history || jsonb_build_object('at', lost.locked_until - $2::int4 * interval '1 ms', 'durationMs', $2::int4,
                                              'error', 'interrupted')
  from lost
  where webhook_delivery.webhook_id = lost.webhook_id and webhook_delivery.message_id = lost.message_id
  returning webhook_delivery.message_id, attempts, webhook_delivery.state
)
select message_id, attempts as attempt, reclaimed.state, $2::int4 as duration_ms, type, correlation_id, traceparent
from reclaimed join ebb.webhook_message on id = message_id`

/** Forgets what is older than so many days, and what deleted webhooks have left: at most `limit` of each. Returns how many those were. */
export async function forgetWebhooks(
  client: pg.ClientBase,
  { keepDays, limit }: { readonly keepDays: number; readonly limit: number },
): Promise<number> {
  const { rows } = await client.query<{ forgotten: number }>('select ebb.forget_webhooks($1, $2) as forgotten', [
    keepDays,
    limit,
  ])
  return rows[0]?.forgotten ?? 0
}
