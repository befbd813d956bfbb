import type pg from 'pg'
import { AT_A_TIME, BUSY, TOKENS, WAITING } from './webhook-queue.ts'

/** How webhooks are, for operators; every relay sees the same. */
export interface WebhookCounts {
  /** `failing` are active ones whose last attempts have failed. */
  readonly webhooks: Readonly<Record<'active' | 'failing' | 'paused' | 'disabled', number>>
  /** Messages that wait, counted up to 100,000. */
  readonly waiting: number
  /** How long the message that is due, and that its webhook could take, has waited the longest; 0 where there is none. */
  readonly overdueSeconds: number
}

/** Counts webhooks and what waits for them. */
export async function countWebhooks(client: pg.ClientBase): Promise<WebhookCounts> {
  const { rows } = await client.query<{ webhooks: WebhookCounts['webhooks']; waiting: number; overdue: number }>(
    countSql,
  )
  const [{ webhooks, waiting, overdue } = { webhooks: NONE, waiting: 0, overdue: 0 }] = rows
  return { webhooks: { ...NONE, ...webhooks }, waiting, overdueSeconds: overdue }
}

const NONE = { active: 0, failing: 0, paused: 0, disabled: 0 }

/** What waits for a webhook that rests, or that gets all that it wants, is not overdue. */
const countSql = /* sql */ `
with recursive ${WAITING}, ${BUSY},
overdue as (
  select max(extract(epoch from now() - first.available_at)) as seconds
  from ebb.webhook left join busy using (id) cross join lateral (
    select available_at from ebb.webhook_delivery where state = 'waiting' and webhook_id = webhook.id
    order by available_at limit 1
  ) as first
  where id in (select id from waiting) and webhook.state = 'active' and (rest_until is null or rest_until <= now())
    and coalesce(leased, 0) < ${AT_A_TIME} and ${TOKENS} >= 1
)
select (
    select coalesce(jsonb_object_agg(what, number), '{}') from (
      select case when state = 'active' and failing_since is not null then 'failing' else state end as what,
             count(*)::int4 as number
      from ebb.webhook where state <> 'deleted' group by 1
    ) as counted
  ) as webhooks,
  (select count(*)::int4 from (select from ebb.webhook_delivery where state = 'waiting' limit 100000) as counted) as waiting,
  (select greatest(0, coalesce(seconds, 0))::float8 from overdue) as overdue`
