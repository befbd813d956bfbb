import type pg from 'pg'
import { Problem } from '../../contract/index.ts'
import { appendAudit } from '../audit.ts'
import { type ApiKey, COLUMNS, IS_LIVE, insertKey, KEYS_CHANNEL, lockLiveKeys, subjectOf } from './api-keys.ts'

/** The id and the token of a key to come. */
export interface NextKey {
  readonly id: string
  readonly token: string
}

interface RotateOptions {
  readonly actor: string
  readonly pepper: string
  readonly next: NextKey
  /** For how long the old token stays valid, where it does not expire earlier. */
  readonly overlapSeconds: number
  /** RFC 3339; default: as of the old key. */
  readonly expiresAt?: string | undefined
}

/**
 * Puts a new key in the place of a live one, with all that it grants; the old token stays valid for the overlap, and the one
 * before that is over at once: of one key at most two tokens are valid. Returns the new key. Throws a Problem 409 where it
 * is not live, or was rotated already.
 */
export async function rotateKey(
  client: pg.ClientBase,
  old: ApiKey,
  { actor, pepper, next, overlapSeconds, expiresAt = old.expiresAt ?? undefined }: RotateOptions,
): Promise<ApiKey> {
  const live = await lockLiveKeys(client, old)
  if (!live.some(({ id }) => id === old.id)) throw NOT_LIVE
  const { rows } = await client.query<ApiKey>(`select ${COLUMNS} from ebb.api_key where replaces = $1`, [old.id])
  if (rows[0]) throw alreadyRotated(rows[0])
  await client.query(`update ebb.api_key set expires_at = now() where id = $1 and ${IS_LIVE}`, [old.replaces])
  await client.query(
    `update ebb.api_key set expires_at = least(expires_at, now() + $2 * interval '1 s') where id = $1`,
    [old.id, overlapSeconds],
  )
  const { subject, scopes, roles, tenant, plan, name } = old
  const grant = { subject, scopes, roles, tenant, plan, name }
  const { token, id } = next
  const rotated = await insertKey(client, { ...grant, id, expiresAt, replaces: old.id }, { token, pepper })
  const detail = { key: rotated.id, replaces: old.id, prefix: rotated.prefix, overlapSeconds }
  await appendAudit(client, { actor, action: 'key.rotated', ...subjectOf(old), detail })
  // Keys change seldom, so that the commit of one may wait for the other's: no gateway can miss it.
  await client.query(`notify ${KEYS_CHANNEL}`)
  return rotated
}

const NOT_LIVE = new Problem('key_not_live', 409, 'This key is revoked or expired; create another one.')

const alreadyRotated = ({ id, prefix }: ApiKey) =>
  new Problem('already_rotated', 409, `This key was rotated already; ${prefix}… (${id}) took its place.`)
