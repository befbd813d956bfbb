import type pg from 'pg'

/** An event as webhooks get it. */
export interface OfferedEvent {
  readonly id: string
  /** As contracts declare it, which is what webhooks subscribe to. */
  readonly type: string
  /** As it is sent: with its version. */
  readonly sentType: string
  readonly data: unknown
  /** RFC 3339. */
  readonly createdAt: string
  /** Of the request that emitted it. */
  readonly tenant: string | null
  /** The subject whose event it is; null: every caller's of its tenant. */
  readonly owner: string | null
  readonly correlationId: string
  readonly traceparent: string
}

/** What is sent of an event: the payload of Standard Webhooks. */
export const messageOf = ({
  sentType,
  createdAt,
  data,
}: Pick<OfferedEvent, 'sentType' | 'createdAt' | 'data'>): string =>
  JSON.stringify({ type: sentType, timestamp: new Date(createdAt).toISOString(), data })

/**
 * Makes a delivery for each webhook that is to get an event: of its owner, or of its tenant, and of its type. Repeated, it makes
 * those that are missing.
 */
export async function offerEvent(pool: pg.Pool, event: OfferedEvent): Promise<number> {
  const { id, type, sentType, tenant, owner, correlationId, traceparent } = event
  const values = [id, type, sentType, messageOf(event), tenant, owner, correlationId, traceparent]
  const { rowCount } = await pool.query(offerEventSql, values)
  return rowCount ?? 0
}

/** A paused webhook gets what came meanwhile when it goes on; a disabled one does not. */
const offerEventSql = /* sql */ `
with matching as materialized (
  select id from ebb.webhook
  where state in ('active', 'paused') and $2::text = any (events) and tenant is not distinct from $5::text
    and case when $6::text is null then tenant is not null else subject = $6::text end
),
message as (
  insert into ebb.webhook_message (id, type, body, correlation_id, traceparent)
  select $1::uuid, $3, $4, $7, $8 where exists (select from matching)
  on conflict do nothing
)
insert into ebb.webhook_delivery (webhook_id, message_id)
select id, $1::uuid from matching
on conflict do nothing`
