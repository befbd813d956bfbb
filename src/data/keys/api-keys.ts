import type pg from 'pg'
import { Problem } from '../../contract/index.ts'
import { callerIdOf } from '../../protocol/index.ts'
import type { OwnKey } from '../../protocol/own-key-endpoints.ts'
import { appendAudit } from '../audit.ts'
import { inTransaction } from '../postgres/pool.ts'
import { hmacOf, isWellFormed, makeToken, prefixOf } from './api-key-token.ts'

/** An API key, without its token: that is stored nowhere. */
export type ApiKey = OwnKey

/** The caller that a key stands for, and what that may do. */
export interface Grant extends Partial<Pick<ApiKey, 'roles' | 'tenant' | 'plan' | 'name'>> {
  readonly subject: string
  readonly scopes: readonly string[]
}

/** The peppers that hashes are made with: new ones with the current one, while those of the one before it are still known. */
export type Peppers = () => { readonly current: string; readonly previous?: string | undefined }
/** One pepper, or those of settings that may change. */
export type Pepper = string | Peppers

export const peppersOf = (pepper: Pepper) => (typeof pepper === 'string' ? { current: pepper } : pepper())

/**
 * Notified when a token that may have been looked up becomes invalid, or valid. Not when a key is created: its token cannot
 * have been looked up before.
 */
export const KEYS_CHANNEL = 'ebb_keys'

const MAX_LIVE_KEYS = 2
export const IS_LIVE = 'revoked_at is null and (expires_at is null or expires_at > now())'
/** What a statement selects of a key. */
export const COLUMNS = `id, subject, tenant, name, prefix, scopes, roles, plan, replaces, created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt"`

/**
 * Creates a key. Only here is its token returned. A subject has at most two live keys, so that one can replace the other
 * without a gap: a third is a Problem 409 `too_many_keys`.
 */
export async function createKey(
  pool: pg.Pool,
  pepper: Pepper,
  { expiresAt, actor, ...grant }: Grant & { readonly expiresAt?: string | undefined; readonly actor: string },
): Promise<{ readonly key: ApiKey; readonly token: string }> {
  const { subject, scopes, roles = [], tenant = null, plan = null, name = null } = grant
  const token = makeToken()
  const key = await inTransaction(pool, async (client) => {
    refuseTooMany(await lockLiveKeys(client, { subject, tenant }))
    const created = await insertKey(
      client,
      { subject, scopes, roles, tenant, plan, name, expiresAt },
      { token, pepper: peppersOf(pepper).current },
    )
    await appendAudit(client, { actor, action: 'key.created', ...subjectOf(created), detail: grantOf(created) })
    return created
  })
  return { key, token }
}

/** Whose keys: a subject, within its tenant where it has one. */
export type KeyOwner = Pick<ApiKey, 'subject' | 'tenant'>

/** The live keys of an owner, the oldest first. A concurrent change of any of its keys waits for this transaction. */
export async function lockLiveKeys(client: pg.ClientBase, { subject, tenant }: KeyOwner): Promise<readonly ApiKey[]> {
  await client.query(`select pg_advisory_xact_lock(hashtextextended('ebb.api_key ' || $1, 0))`, [
    callerIdOf({ sub: subject, ...(tenant === null ? {} : { tenant }) }),
  ])
  const { rows } = await client.query<ApiKey>(
    `select ${COLUMNS} from ebb.api_key
     where subject = $1 and tenant is not distinct from $2 and ${IS_LIVE} order by created_at`,
    [subject, tenant],
  )
  return rows
}

interface NewKey extends Required<Grant> {
  /** Default: one that the database makes. */
  readonly id?: string
  readonly expiresAt: string | null | undefined
  readonly replaces?: string
}

/** Stores the key of a token. */
export async function insertKey(
  client: pg.ClientBase,
  { id, subject, scopes, roles, tenant, plan, name, expiresAt, replaces }: NewKey,
  { token, pepper }: { readonly token: string; readonly pepper: string },
): Promise<ApiKey> {
  const { rows } = await client.query<ApiKey>(
    `insert into ebb.api_key (id, subject, prefix, hmac, scopes, expires_at, roles, tenant, plan, name, replaces)
     values (coalesce($1, gen_random_uuid()), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning ${COLUMNS}`,
    [
      ...[id, subject, prefixOf(token), hmacOf(token, pepper), scopes],
      ...[expiresAt, roles, tenant, plan, name, replaces],
    ],
  )
  return firstRow(rows)
}

export interface KeyFilter {
  readonly subject?: string | undefined
  /** null is those without a tenant. */
  readonly tenant?: string | null | undefined
  readonly plan?: string | undefined
  /** Only those that are neither revoked nor expired. */
  readonly live?: boolean | undefined
  /** The id of the last key of the previous page. */
  readonly before?: string | undefined
  readonly limit?: number
}

/** Lists the newest keys first. */
export async function listKeys(
  database: pg.Pool | pg.ClientBase,
  { subject, tenant, plan, live = false, before, limit = 50 }: KeyFilter = {},
): Promise<readonly ApiKey[]> {
  const { rows } = await database.query<ApiKey>(
    `select ${COLUMNS} from ebb.api_key
     where ($1::text is null or subject = $1)
       and ($2 or tenant is not distinct from $3)
       and ($4::text is null or plan = $4)
       and (not $5 or (${IS_LIVE}))
       and ($6::uuid is null or (created_at, id) < (select created_at, id from ebb.api_key where id = $6))
     order by created_at desc, id desc limit $7`,
    [subject, tenant === undefined, tenant, plan, live, before, limit],
  )
  return rows
}

/** Revokes a key at once, in all gateways. Returns it, or undefined if there is no such id. May be repeated. */
export async function revokeKey(
  pool: pg.Pool,
  id: string,
  { actor }: { readonly actor: string },
): Promise<ApiKey | undefined> {
  const key = await inTransaction(pool, async (client) => {
    const { rows } = await client.query<ApiKey>(
      `update ebb.api_key set revoked_at = now() where id = $1 and revoked_at is null returning ${COLUMNS}`,
      [id],
    )
    const [revoked] = rows
    if (revoked) await appendAudit(client, { actor, action: 'key.revoked', ...subjectOf(revoked), detail: { key: id } })
    return revoked
  })
  await pool.query(`notify ${KEYS_CHANNEL}`)
  return key ?? findKey(pool, id)
}

/** The key of this id, live or not. */
export async function findKey(database: pg.Pool | pg.ClientBase, id: string): Promise<ApiKey | undefined> {
  const { rows } = await database.query<ApiKey>(`select ${COLUMNS} from ebb.api_key where id = $1`, [id])
  return rows[0]
}

/** Creates or changes the key of a given token, so that it is live, does not expire and has these scopes: for the laptop's own key. */
export async function ensureKey(
  pool: pg.Pool,
  pepper: string,
  token: string,
  { subject, scopes, roles = [], tenant = null, plan = null, name = null }: Grant,
): Promise<void> {
  if (!isWellFormed(token)) throw new TypeError('this is not a valid token of Ebb: make one with makeToken')
  await pool.query(
    `insert into ebb.api_key (subject, prefix, hmac, scopes, roles, tenant, plan, name) values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (hmac) do update
     set subject = excluded.subject, scopes = excluded.scopes, roles = excluded.roles, tenant = excluded.tenant,
         plan = excluded.plan, name = excluded.name, expires_at = null, revoked_at = null`,
    [subject, prefixOf(token), hmacOf(token, pepper), scopes, roles, tenant, plan, name],
  )
  await pool.query(`notify ${KEYS_CHANNEL}`)
}

function refuseTooMany(live: readonly ApiKey[]) {
  const [oldest] = live
  if (!oldest || live.length < MAX_LIVE_KEYS) return
  const message = `${oldest.subject} has ${live.length} live keys already; revoke one first, such as the oldest, ${oldest.prefix}… (${oldest.id}).`
  throw new Problem('too_many_keys', 409, message)
}

/** What a new key is recorded to grant. */
export const grantOf = ({ id, scopes, roles, plan, name, expiresAt }: ApiKey) => ({
  ...{ key: id, scopes, roles, plan, name, expiresAt },
})

/** What a change of a key is recorded as being done to. */
export const subjectOf = ({ subject, prefix, tenant }: Pick<ApiKey, 'subject' | 'prefix' | 'tenant'>) => ({
  subject: `${subject} ${prefix}`,
  tenant,
})

function firstRow<T>([row]: readonly T[]): T {
  if (row === undefined) throw new Error('an insert returned no row')
  return row
}
