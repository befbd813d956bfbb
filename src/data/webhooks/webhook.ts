import type pg from 'pg'
import { toCamelCase } from '../values/read-rows.ts'

/** Whose a webhook is. */
export interface WebhookOwner {
  readonly subject: string
  readonly tenant: string | null
}

/** A customer's address that gets events, as its owner sees it: without its secret. */
export interface Webhook {
  readonly id: string
  readonly url: string
  readonly description: string | null
  /** The types of events that it gets. */
  readonly events: readonly string[]
  readonly state: 'active' | 'paused' | 'disabled'
  /** Why it is disabled. */
  readonly disabledFor: string | null
  /** Messages in a second. */
  readonly perSecond: number
  /** Messages at a time. */
  readonly concurrency: number
  /** Since when no attempt has succeeded; null while they do. RFC 3339, as are the next two. */
  readonly failingSince: string | null
  readonly createdAt: string
  readonly updatedAt: string
}

const COLUMNS = /* sql */ `id, url, description, events, state, disabled_for, per_second, concurrency, failing_since, created_at, updated_at`

const toWebhook = (row: Record<string, unknown>): Webhook => toCamelCase<Webhook>(row)

/** SQL: not deleted, and of the owner $1 in the tenant $2. */
const OWN = `subject = $1 and tenant is not distinct from $2 and state <> 'deleted'`

/** Lists the webhooks of one owner, the newest first. */
export async function listWebhooks(client: pg.ClientBase, { subject, tenant }: WebhookOwner): Promise<Webhook[]> {
  const { rows } = await client.query(
    `select ${COLUMNS} from ebb.webhook where ${OWN} order by created_at desc, id desc`,
    [subject, tenant],
  )
  return rows.map(toWebhook)
}

/** One of the owner's; undefined for any other. `lock` keeps it as it is until the end of the transaction. */
export async function findWebhook(
  client: pg.ClientBase,
  id: string,
  { subject, tenant, lock = false }: WebhookOwner & { readonly lock?: boolean },
): Promise<Webhook | undefined> {
  const { rows } = await client.query(
    `select ${COLUMNS} from ebb.webhook where ${OWN} and id = $3${lock ? ' for no key update' : ''}`,
    [subject, tenant, id],
  )
  return rows[0] && toWebhook(rows[0])
}

/** A webhook that is to be made, with its secret as it is stored. */
export interface NewWebhook
  extends Pick<Webhook, 'id' | 'url' | 'description' | 'events' | 'perSecond' | 'concurrency'> {
  readonly sealedSecret: Buffer
}

/** Makes a webhook, unless the owner has `max` already: then it returns undefined. */
export async function insertWebhook(
  client: pg.ClientBase,
  { id, url, description, events, perSecond, concurrency, sealedSecret }: NewWebhook,
  { subject, tenant, max }: WebhookOwner & { readonly max: number },
): Promise<Webhook | undefined> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `webhooks ${JSON.stringify([subject, tenant])}`,
  ])
  const values = [subject, tenant, id, url, description, events, sealedSecret, perSecond, concurrency, max]
  const { rows } = await client.query(insertWebhookSql, values)
  return rows[0] && toWebhook(rows[0])
}

const insertWebhookSql = /* sql */ `
insert into ebb.webhook (subject, tenant, id, url, description, events, secret, per_second, concurrency, tokens)
select $1, $2, $3::uuid, $4, $5, $6::text[], $7::bytea, $8::int4, $9::int4, $8::int4
where (select count(*) from ebb.webhook where ${OWN}) < $10::int4
returning ${COLUMNS}`

/** What an owner changes of a webhook; what is undefined stays. */
export type WebhookChange = {
  readonly [Name in 'url' | 'description' | 'events' | 'perSecond' | 'concurrency']?: Webhook[Name] | undefined
}

/** Changes a webhook. The caller has checked whose it is. */
export async function changeWebhook(client: pg.ClientBase, id: string, change: WebhookChange): Promise<Webhook> {
  const { url, description, events, perSecond, concurrency } = change
  const { rows } = await client.query(changeWebhookSql, [
    ...[id, url, description, events, perSecond, concurrency],
    description !== undefined,
  ])
  return toWebhook(rows[0])
}

const changeWebhookSql = /* sql */ `
update ebb.webhook
set url = coalesce($2, url), description = case when $7 then $3 else description end, events = coalesce($4, events),
    per_second = coalesce($5, per_second), concurrency = coalesce($6, concurrency), updated_at = now()
where id = $1
returning ${COLUMNS}`

/** Puts a webhook into a state; what begins again begins without what was before. */
export async function setWebhookState(
  client: pg.ClientBase,
  id: string,
  state: 'active' | 'paused' | 'deleted',
): Promise<Webhook> {
  const { rows } = await client.query(setWebhookStateSql, [id, state])
  return toWebhook(rows[0])
}

const setWebhookStateSql = /* sql */ `
update ebb.webhook
set state = $2, disabled_for = null, failing_since = null, failures = 0, rest_until = null, updated_at = now(),
    secret = case when $2 = 'deleted' then '' else secret end
where id = $1
returning ${COLUMNS}`

/** Puts another secret in the place of a webhook's; the one before it signs as well for so many seconds. */
export async function rotateWebhookSecret(
  client: pg.ClientBase,
  id: string,
  { sealedSecret, overlapSeconds }: { readonly sealedSecret: Buffer; readonly overlapSeconds: number },
): Promise<Webhook> {
  const { rows } = await client.query(rotateSecretSql, [id, sealedSecret, overlapSeconds])
  return toWebhook(rows[0])
}

const rotateSecretSql = /* sql */ `
update ebb.webhook
set secret = $2, updated_at = now(),
    previous_secret = case when $3 > 0 then secret end,
    previous_until = case when $3 > 0 then now() + $3 * interval '1 s' end
where id = $1
returning ${COLUMNS}`

/** The sealed secret of a webhook. */
export async function readSealedSecret(client: pg.ClientBase, id: string): Promise<Buffer | undefined> {
  const { rows } = await client.query<{ secret: Buffer }>('select secret from ebb.webhook where id = $1', [id])
  return rows[0]?.secret
}
