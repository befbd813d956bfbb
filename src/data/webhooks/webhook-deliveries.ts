import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { toCamelCase } from '../values/read-rows.ts'

/** A message and how its way to one webhook goes, as the owner of that sees it. */
export interface WebhookDeliveryState {
  /** Of the message, which all of its attempts have as `webhook-id`. */
  readonly id: string
  readonly type: string
  readonly state: 'waiting' | 'leased' | 'done' | 'dead'
  readonly attempts: readonly WebhookAttempt[]
  /** RFC 3339, as are the next two. */
  readonly createdAt: string
  /** Where it waits. */
  readonly nextAttemptAt: string | null
  readonly settledAt: string | null
}

/** One attempt; without a status no response came, and `error` says why. */
export interface WebhookAttempt {
  readonly at: string
  readonly durationMs: number
  readonly status?: number
  readonly error?: string
}

const COLUMNS = /* sql */ `
  message_id as id, type, state, history as attempts, webhook_delivery.created_at, settled_at,
  case when state = 'waiting' then available_at end as next_attempt_at`

/** Lists what a webhook got and is to get, the newest first; `before` is the id of the last one of the page before. */
export async function listWebhookDeliveries(
  client: pg.ClientBase,
  webhookId: string,
  options: {
    readonly before?: string | undefined
    readonly states?: readonly string[] | undefined
    readonly limit: number
  },
): Promise<WebhookDeliveryState[]> {
  const { before, states, limit } = options
  const { rows } = await client.query(listSql, [webhookId, before, states, limit])
  return rows.map((row) => toCamelCase<WebhookDeliveryState>(row))
}

const listSql = /* sql */ `
select ${COLUMNS}
from ebb.webhook_delivery join ebb.webhook_message on webhook_message.id = message_id
where webhook_id = $1 and ($3::text[] is null or state = any ($3::text[]))
  and ($2::uuid is null or (webhook_delivery.created_at, message_id) < (
    select created_at, message_id from ebb.webhook_delivery where webhook_id = $1 and message_id = $2::uuid
  ))
order by webhook_delivery.created_at desc, message_id desc
limit $4`

/** One delivery with the message that is sent; undefined where the webhook has no such one. */
export async function findWebhookDelivery(
  client: pg.ClientBase,
  webhookId: string,
  messageId: string,
): Promise<(WebhookDeliveryState & { readonly body: string }) | undefined> {
  const { rows } = await client.query(
    `select ${COLUMNS}, body
     from ebb.webhook_delivery join ebb.webhook_message on webhook_message.id = message_id
     where webhook_id = $1 and message_id = $2`,
    [webhookId, messageId],
  )
  return rows[0] && toCamelCase(rows[0])
}

/** Sends a delivery again, with all its attempts, under the same id. Resolves to false where it is on its way already. */
export async function redeliver(client: pg.ClientBase, webhookId: string, messageId: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `update ebb.webhook_delivery set state = 'waiting', attempts = 0, available_at = now(), settled_at = null
     where webhook_id = $1 and message_id = $2 and state <> 'leased'`,
    [webhookId, messageId],
  )
  return rowCount === 1
}

/** What a webhook gets so that its owner sees whether it is reached. */
export const TEST_TYPE = 'webhook.test'

/** Makes a message of no event for one webhook, and returns its id. */
export async function sendTest(
  client: pg.ClientBase,
  webhookId: string,
  { correlationId, traceparent }: { readonly correlationId: string; readonly traceparent: string },
): Promise<string> {
  const id = randomUUID()
  const body = JSON.stringify({ type: TEST_TYPE, timestamp: new Date().toISOString(), data: { webhook: webhookId } })
  await client.query(sendTestSql, [id, webhookId, TEST_TYPE, body, correlationId, traceparent])
  return id
}

const sendTestSql = /* sql */ `
with message as (
  insert into ebb.webhook_message (id, type, body, correlation_id, traceparent) values ($1, $3, $4, $5, $6)
)
insert into ebb.webhook_delivery (webhook_id, message_id) values ($2, $1)`
