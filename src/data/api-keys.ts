import { createHmac, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type pg from 'pg'
import { Problem } from '../contract/index.ts'
import { callerIdOf } from '../protocol/index.ts'
import { inTransaction } from './postgres/pool.ts'

/** An API key, without its token: that is stored nowhere. */
export interface ApiKey {
  readonly id: string
  readonly subject: string
  /** The subject's tenant; two tenants may have the same subject, and these are two callers. */
  readonly tenant: string | null
  /** What its owner calls it. */
  readonly name: string | null
  /** The first characters of the token's random part, to recognise it by. */
  readonly prefix: string
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  /** The plan that its requests count against; where null, that of its tenant. */
  readonly plan: string | null
  /** RFC 3339, as are the next two. */
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly revokedAt: string | null
}

/** The caller that a key stands for, and what that may do. */
export interface Grant extends Partial<Pick<ApiKey, 'roles' | 'tenant' | 'plan' | 'name'>> {
  readonly subject: string
  readonly scopes: readonly string[]
}

/** The peppers that hashes are made with: new ones with the current one, while those of the one before it are still known. */
export type Peppers = () => { readonly current: string; readonly previous?: string | undefined }
/** One pepper, or those of settings that may change. */
type Pepper = string | Peppers

const peppersOf = (pepper: Pepper) => (typeof pepper === 'string' ? { current: pepper } : pepper())

/**
 * Notified when a token that may have been looked up becomes invalid, or valid. Not when a key is created: its token cannot
 * have been looked up before.
 */
export const KEYS_CHANNEL = 'ebb_keys'

const MAX_LIVE_KEYS = 2
const IS_LIVE = 'revoked_at is null and (expires_at is null or expires_at > now())'
const COLUMNS = `id, subject, tenant, name, prefix, scopes, roles, plan, created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt"`

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
    // A concurrent call for this subject waits here, and then counts this key.
    await client.query(`select pg_advisory_xact_lock(hashtextextended('ebb.api_key ' || $1, 0))`, [
      callerIdOf({ sub: subject, ...(tenant === null ? {} : { tenant }) }),
    ])
    const live = await client.query<ApiKey>(
      `select ${COLUMNS} from ebb.api_key
       where subject = $1 and tenant is not distinct from $2 and ${IS_LIVE} order by created_at`,
      [subject, tenant],
    )
    refuseTooMany(live.rows)
    const created = await client.query<ApiKey>(
      `insert into ebb.api_key (subject, prefix, hmac, scopes, expires_at, roles, tenant, plan, name)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning ${COLUMNS}`,
      [subject, prefixOf(token), hmacOf(token, peppersOf(pepper).current), scopes, expiresAt, roles, tenant, plan, name],
    )
    await audit(client, actor, 'key.created', `${subject} ${prefixOf(token)}`)
    return firstRow(created.rows)
  })
  return { key, token }
}

/** Lists the newest keys first; `before` is the id of the last key of the previous page. */
export async function listKeys(
  pool: pg.Pool,
  {
    subject,
    before,
    limit = 50,
  }: { readonly subject?: string | undefined; readonly before?: string | undefined; readonly limit?: number } = {},
): Promise<readonly ApiKey[]> {
  const { rows } = await pool.query<ApiKey>(
    `select ${COLUMNS} from ebb.api_key
     where ($1::text is null or subject = $1)
       and ($2::uuid is null or (created_at, id) < (select created_at, id from ebb.api_key where id = $2))
     order by created_at desc, id desc limit $3`,
    [subject, before, limit],
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
    if (revoked) await audit(client, actor, 'key.revoked', `${revoked.subject} ${revoked.prefix}`)
    return revoked
  })
  await pool.query(`notify ${KEYS_CHANNEL}`)
  if (key) return key
  const { rows } = await pool.query<ApiKey>(`select ${COLUMNS} from ebb.api_key where id = $1`, [id])
  return rows[0]
}

/**
 * The live keys of the tokens, in the same order, by one query. Malformed tokens cost no I/O. A key whose hash was made with
 * the previous pepper is found too, and hashed anew.
 */
export async function findKeys(
  database: pg.Pool | pg.ClientBase,
  pepper: Pepper,
  tokens: readonly string[],
): Promise<readonly (ApiKey | undefined)[]> {
  const { current, previous } = peppersOf(pepper)
  const hashed = tokens.filter(isWellFormed).map((token) => ({ token, hmac: hmacOf(token, current) }))
  const before = previous === undefined ? [] : hashed.map(({ token }) => ({ token, hmac: hmacOf(token, previous) }))
  if (hashed.length === 0) return tokens.map(() => undefined)
  const { rows } = await database.query<ApiKey & { readonly hmac: Buffer }>(
    `select hmac, ${COLUMNS} from ebb.api_key where hmac = any($1) and ${IS_LIVE}`,
    [[...hashed, ...before].map(({ hmac }) => hmac)],
  )
  const found = new Map(rows.map(({ hmac, ...key }) => [hmac.toString('hex'), key]))
  const keyOf = ({ hmac }: { readonly hmac: Buffer }) => found.get(hmac.toString('hex'))
  await rehash(
    database,
    before.flatMap((old, i) => (keyOf(old) ? [{ from: old.hmac, to: hashed[i]?.hmac }] : [])),
  )
  const keys = new Map([...before, ...hashed].flatMap((one) => (keyOf(one) ? [[one.token, keyOf(one)]] : [])))
  return tokens.map((token) => keys.get(token))
}

/** Another gateway may have done so meanwhile: then there is nothing left to change. */
async function rehash(
  database: pg.Pool | pg.ClientBase,
  hashes: readonly { readonly from: Buffer; readonly to: Buffer | undefined }[],
) {
  if (hashes.length === 0) return
  await database.query(
    `update ebb.api_key set hmac = anew.hmac from unnest($1::bytea[], $2::bytea[]) as anew (was, hmac)
     where api_key.hmac = anew.was`,
    [hashes.map(({ from }) => from), hashes.map(({ to }) => to)],
  )
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

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_CHARACTERS = 32
const TOKEN = /^(ebb_live_([0-9A-Za-z]{32}))_([0-9a-f]{8})$/

/** A new token with 190 random bits: `ebb_live_<random>_<CRC-32 of the text before it>`. */
export function makeToken(): string {
  const random = Array.from({ length: RANDOM_CHARACTERS }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
  return `ebb_live_${random}_${checksumOf(`ebb_live_${random}`)}`
}

/** Whether a token has the form and the checksum of an Ebb token. */
export function isWellFormed(token: string): boolean {
  const [, text, , checksum] = TOKEN.exec(token) ?? []
  return text !== undefined && checksumOf(text) === checksum
}

const checksumOf = (text: string) => crc32(text).toString(16).padStart(8, '0')
const prefixOf = (token: string) => token.slice('ebb_live_'.length, 'ebb_live_'.length + 8)
const hmacOf = (token: string, pepper: string) => createHmac('sha256', pepper).update(token).digest()

function refuseTooMany(live: readonly ApiKey[]) {
  const [oldest] = live
  if (!oldest || live.length < MAX_LIVE_KEYS) return
  const message = `${oldest.subject} has ${live.length} live keys already; revoke one first, such as the oldest, ${oldest.prefix}… (${oldest.id}).`
  throw new Problem('too_many_keys', 409, message)
}

async function audit(client: pg.ClientBase, actor: string, action: string, subject: string) {
  await client.query('insert into ebb.audit (actor, action, subject) values ($1, $2, $3)', [actor, action, subject])
}

function firstRow<T>([row]: readonly T[]): T {
  if (row === undefined) throw new Error('an insert returned no row')
  return row
}
