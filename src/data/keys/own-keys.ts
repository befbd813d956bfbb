import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { Problem } from '../../contract/index.ts'
import type { Claim } from '../../kernel/index.ts'
import { appendAudit, loginActor } from '../audit.ts'
import { claimKey, storeResponse } from '../idempotency.ts'
import { deriveToken } from './api-key-token.ts'
import {
  type ApiKey,
  COLUMNS,
  grantOf,
  insertKey,
  KEYS_CHANNEL,
  type KeyOwner,
  lockLiveKeys,
  subjectOf,
} from './api-keys.ts'
import { type NextKey, rotateKey } from './rotate-key.ts'

/** A change that its caller may repeat under the same Idempotency-Key. */
export interface KeyChange {
  readonly owner: KeyOwner
  readonly pepper: string
  readonly claim: Claim
}

/** The key and its token, the same ones where the request was repeated (`finished`); or why there are none. */
export type ClaimedKey =
  | { readonly status: 'new' | 'finished'; readonly key: ApiKey; readonly token: string }
  | { readonly status: 'in-flight' | 'mismatch' }

type Grant = Pick<ApiKey, 'name' | 'scopes' | 'roles' | 'plan'> & { readonly expiresAt: string }

/**
 * Creates a key of the owner's own, in this transaction. Throws a Problem 409 where the owner has as many as it may have; one
 * that another has taken the place of does not count.
 */
export const createOwnKey = (
  client: pg.ClientBase,
  grant: Grant,
  { maxKeys, ...change }: KeyChange & { readonly maxKeys: number },
): Promise<ClaimedKey> =>
  once(client, change, async (next) => {
    const { owner, pepper } = change
    const live = await lockLiveKeys(client, owner)
    const replaced = new Set(live.map(({ replaces }) => replaces))
    if (live.filter(({ id }) => !replaced.has(id)).length >= maxKeys) throw tooManyKeys(maxKeys)
    const key = await insertKey(client, { ...owner, ...grant, id: next.id }, { token: next.token, pepper })
    await appendAudit(client, {
      actor: loginActor(owner.subject),
      action: 'key.created',
      ...subjectOf(key),
      detail: grantOf(key),
    })
    return key
  })

interface RotateOwnOptions extends KeyChange {
  readonly overlapSeconds: number
  readonly expiresAt: string | undefined
  /** Throws where the owner may not have such a key any more. */
  readonly check: (old: ApiKey) => void
}

/** Rotates a key of the owner's own, in this transaction. Throws a Problem 404 where it is not the owner's. */
export const rotateOwnKey = (
  client: pg.ClientBase,
  id: string,
  { overlapSeconds, expiresAt, check, ...change }: RotateOwnOptions,
): Promise<ClaimedKey> =>
  once(client, change, async (next) => {
    const { owner, pepper } = change
    const old = await findOwnKey(client, id, owner)
    if (!old) throw keyNotFound()
    check(old)
    return rotateKey(client, old, { actor: loginActor(owner.subject), pepper, next, overlapSeconds, expiresAt })
  })

/** Revokes a key of the owner's own, in this transaction. Throws a Problem 404 where it is not the owner's. May be repeated. */
export async function revokeOwnKey(client: pg.ClientBase, id: string, owner: KeyOwner): Promise<void> {
  const key = await findOwnKey(client, id, owner)
  if (!key) throw keyNotFound()
  const revoked = await client.query('update ebb.api_key set revoked_at = now() where id = $1 and revoked_at is null', [
    id,
  ])
  if (revoked.rowCount === 0) return
  await appendAudit(client, {
    actor: loginActor(owner.subject),
    action: 'key.revoked',
    ...subjectOf(key),
    detail: { key: id },
  })
  await client.query(`notify ${KEYS_CHANNEL}`)
}

/** A key of the owner's own; undefined for any other. */
export async function findOwnKey(
  client: pg.ClientBase,
  id: string,
  { subject, tenant }: KeyOwner,
): Promise<ApiKey | undefined> {
  const { rows } = await client.query<ApiKey>(
    `select ${COLUMNS} from ebb.api_key where id = $1 and subject = $2 and tenant is not distinct from $3`,
    [id, subject, tenant],
  )
  return rows[0]
}

/**
 * Makes a key once for each Idempotency-Key. What is stored for a repetition is the key without its token, which a repetition
 * derives again. With another pepper it would derive another token: then it is a Problem 409.
 */
async function once(
  client: pg.ClientBase,
  { claim, pepper }: KeyChange,
  make: (next: NextKey) => Promise<ApiKey>,
): Promise<ClaimedKey> {
  const found = await claimKey(client, claim)
  if (found.status === 'in-flight' || found.status === 'mismatch') return found
  const derive = (id: string) => deriveToken(pepper, { id, idempotencyKey: claim.key })
  if (found.status === 'finished') {
    // What was stored below.
    const key = JSON.parse(String(found.response.body)) as ApiKey
    const token = derive(key.id)
    if (!token.startsWith(`ebb_live_${key.prefix}`)) throw TOKEN_GONE
    return { status: 'finished', key, token }
  }
  const id = randomUUID()
  const token = derive(id)
  const key = await make({ id, token })
  await storeResponse(client, claim, { status: 201, headers: {}, body: JSON.stringify(key) })
  return { status: 'new', key, token }
}

const tooManyKeys = (maxKeys: number) =>
  new Problem('too_many_keys', 409, `You have ${maxKeys} keys, and may have no more; revoke one first.`)

/** One sentence for both cases: it must not reveal that another caller's key exists. */
export const keyNotFound = () => new Problem('not_found', 404, 'You have no key of this id.')

const TOKEN_GONE = new Problem('token_gone', 409, 'The token of this key cannot be shown again; rotate the key.')
