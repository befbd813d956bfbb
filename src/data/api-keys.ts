import { createHmac, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type pg from 'pg'
import { Problem } from '../contract/index.ts'
import { inTransaction } from './postgres/pool.ts'

/** What is known of an API key; the key itself is nowhere. */
export interface ApiKey {
  readonly id: string
  readonly subject: string
  /** The beginning of its random part, to tell it from others. */
  readonly prefix: string
  readonly scopes: readonly string[]
  /** RFC 3339, as the next two. */
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly revokedAt: string | null
}

/** Whose key it is to be. */
export interface Grant {
  readonly subject: string
  readonly scopes: readonly string[]
}

/**
 * Notified whenever a token that may have been looked up ceases to be good, or begins to be. Not where a key is made:
 * nobody can have shown its token before.
 */
export const KEYS_CHANNEL = 'ebb_keys'

const MAX_LIVE_KEYS = 2
const IS_LIVE = 'revoked_at is null and (expires_at is null or expires_at > now())'
const COLUMNS = `id, subject, prefix, scopes, created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt"`

/**
 * Makes a key and answers its token, this once. A subject has at most two live ones (to change from one to the next):
 * the third is a Problem 409 `too_many_keys`.
 */
export async function createKey(
  pool: pg.Pool,
  pepper: string,
  { subject, scopes, expiresAt, actor }: Grant & { readonly expiresAt?: string | undefined; readonly actor: string },
): Promise<{ readonly key: ApiKey; readonly token: string }> {
  const token = makeToken()
  const key = await inTransaction(pool, async (client) => {
    // Whoever else makes a key for this subject waits, and then counts this one.
    await client.query(`select pg_advisory_xact_lock(hashtextextended('ebb.api_key ' || $1, 0))`, [subject])
    const live = await client.query<ApiKey>(
      `select ${COLUMNS} from ebb.api_key where subject = $1 and ${IS_LIVE} order by created_at`,
      [subject],
    )
    refuseTooMany(live.rows)
    const made = await client.query<ApiKey>(
      `insert into ebb.api_key (subject, prefix, hmac, scopes, expires_at) values ($1, $2, $3, $4, $5) returning ${COLUMNS}`,
      [subject, prefixOf(token), hmacOf(token, pepper), scopes, expiresAt],
    )
    await audit(client, actor, 'key.created', `${subject} ${prefixOf(token)}`)
    return firstRow(made.rows)
  })
  return { key, token }
}

/** The newest keys first; `before` is the id of the last one of the page before. */
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

/** Ends a key at once, everywhere; answers it, or undefined where there is none of that id. May be repeated. */
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

/** The live keys that tokens stand for, in their order, by one query. Tokens that were never made by us cost no I/O. */
export async function findKeys(
  database: pg.Pool | pg.ClientBase,
  pepper: string,
  tokens: readonly string[],
): Promise<readonly (ApiKey | undefined)[]> {
  const hmacs = tokens.map((token) => (isWellFormed(token) ? hmacOf(token, pepper) : undefined))
  const asked = hmacs.filter((hmac) => hmac !== undefined)
  if (asked.length === 0) return tokens.map(() => undefined)
  const { rows } = await database.query<ApiKey & { readonly hmac: Buffer }>(
    `select hmac, ${COLUMNS} from ebb.api_key where hmac = any($1) and ${IS_LIVE}`,
    [asked],
  )
  const found = new Map(rows.map(({ hmac, ...key }) => [hmac.toString('hex'), key]))
  return hmacs.map((hmac) => hmac && found.get(hmac.toString('hex')))
}

/** Makes sure that this very token is good, without expiry, with just these scopes: for the laptop's own key. */
export async function ensureKey(
  pool: pg.Pool,
  pepper: string,
  token: string,
  { subject, scopes }: Grant,
): Promise<void> {
  if (!isWellFormed(token)) throw new TypeError('this is no token of ours: make one with makeToken')
  await pool.query(
    `insert into ebb.api_key (subject, prefix, hmac, scopes) values ($1, $2, $3, $4)
     on conflict (hmac) do update
     set subject = excluded.subject, scopes = excluded.scopes, expires_at = null, revoked_at = null`,
    [subject, prefixOf(token), hmacOf(token, pepper), scopes],
  )
  await pool.query(`notify ${KEYS_CHANNEL}`)
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_CHARACTERS = 32
const TOKEN = /^(ebb_live_([0-9A-Za-z]{32}))_([0-9a-f]{8})$/

/** A new token, 190 random bits in it: `ebb_live_<random>_<CRC-32 of what stands before>`. */
export function makeToken(): string {
  const random = Array.from({ length: RANDOM_CHARACTERS }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
  return `ebb_live_${random}_${checksumOf(`ebb_live_${random}`)}`
}

/** Whether a token may be one of ours: it has the form, and its checksum is right. */
export function isWellFormed(token: string): boolean {
  const [, front, , checksum] = TOKEN.exec(token) ?? []
  return front !== undefined && checksumOf(front) === checksum
}

const checksumOf = (front: string) => crc32(front).toString(16).padStart(8, '0')
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
  if (row === undefined) throw new Error('an insert answered no row')
  return row
}
