import type pg from 'pg'
import type { Correlation } from '../../kernel/index.ts'

/** A webhook whose signature was right. */
export interface NewWebhook extends Correlation {
  /** The function that gets it. */
  readonly receiver: string
  /** The provider's id of it. */
  readonly id: string
  /** A hash of what was signed, where the id is no part of that: the same content under another id is a replay. */
  readonly digest: Uint8Array | undefined
  /** The type of its event. */
  readonly type: string
  readonly data: unknown
}

/** What became of a webhook: it is new, its id was there before, or its content was, under another id. */
export type StoredWebhook = 'stored' | 'known' | 'replayed'

/**
 * Stores a webhook together with its event, once for each id that its provider gave it, however often and by however many gateways
 * it is taken. One statement, so that it is all there or nothing.
 */
export async function acceptWebhook(client: pg.ClientBase, webhook: NewWebhook): Promise<StoredWebhook> {
  const { receiver, id, digest = null, type, data, traceparent, correlationId } = webhook
  const source = `/webhooks/${receiver}`
  const values = [receiver, id, digest, type, source, JSON.stringify(data), traceparent, correlationId]
  const { rowCount } = await client.query(acceptWebhookSql, values)
  if (rowCount === 1) return 'stored'
  const { rowCount: known } = await client.query('select from ebb.received_webhook where receiver = $1 and id = $2', [
    receiver,
    id,
  ])
  return known === 1 ? 'known' : 'replayed'
}

/** A row that is committed meanwhile is waited for, whichever of the two keys it has. */
const acceptWebhookSql = /* sql */ `
with taken as (
  insert into ebb.received_webhook (receiver, id, digest) values ($1, $2, $3)
  on conflict do nothing
  returning event_id
)
insert into ebb.outbox (id, type, source, subject, payload, traceparent, correlation_id, caller_id, hops, payload_bytes)
select event_id, $4, $5, $2, $6::jsonb, $7, $8, 'gateway', 0, octet_length($6::jsonb::text) from taken`
