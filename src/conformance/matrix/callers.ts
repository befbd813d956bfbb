import { randomUUID } from 'node:crypto'
import { makeToken } from '../../data/keys/api-key-token.ts'
import { assertStatus } from '../assertions.ts'
import type { Send } from '../client.ts'
import type { MatrixCaller } from './cells.ts'
import type { Grants } from './right-answer.ts'

/** An access token for a subject, of an issuer that the gateway believes. */
export type TokenOf = (subject: string, grants: Grants) => string | Promise<string>

export interface CallersOptions {
  /** Scopes by role. */
  readonly roles: Readonly<Record<string, readonly string[]>>
  /** All scopes that a contract asks for. */
  readonly scopes: readonly string[]
  /** The key of the admin port, which is no key here. */
  readonly adminKey: string
  readonly tokenOf?: TokenOf | undefined
  /** The tenants that callers are of, besides none. */
  readonly tenants: readonly string[]
}

/** Creates API keys by the admin port, and takes all of them back. */
export function createKeyring(admin: Send) {
  const made: string[] = []
  const create = async (subject: string, grants: Grants) => {
    const answer = await admin({ method: 'POST', path: '/v1/keys', json: { subject, ...grants } })
    assertStatus(answer, 201)
    const { token, key } = answer.json<{ token: string; key: { id: string } }>()
    made.push(key.id)
    return { token, revoke: () => admin({ method: 'DELETE', path: `/v1/keys/${key.id}` }) }
  }
  const revokeAll = () => Promise.all(made.map((id) => admin({ method: 'DELETE', path: `/v1/keys/${id}` })))
  return { create, revokeAll }
}

export type Keyring = ReturnType<typeof createKeyring>

/**
 * Everybody of the matrix: those who present nothing or nothing valid; each role of the project; and callers with no scope, with
 * all of them, and with all but one, for which a check that is missing shows.
 */
export async function createCallers(
  keyring: Keyring,
  { roles, scopes, adminKey, tokenOf, tenants }: CallersOptions,
): Promise<readonly MatrixCaller[]> {
  const revoked = await keyring.create(`matrix.${randomUUID()}`, { scopes, roles: [] })
  assertStatus(await revoked.revoke(), 204)
  const invalid = {
    'a key that is none': { 'x-api-key': 'none' },
    'a key of nobody': { 'x-api-key': makeToken() },
    'a revoked key': { 'x-api-key': revoked.token },
    'the admin key': { authorization: `Bearer ${adminKey}` },
    'an unsigned token': { authorization: `Bearer ${unsignedToken(scopes)}` },
  }
  const granted: Readonly<Record<string, Grants>> = {
    ...Object.fromEntries(Object.entries(roles).map(([role, its]) => [`role ${role}`, { scopes: its, roles: [role] }])),
    'no scope': { scopes: [], roles: [] },
    'every scope': { scopes, roles: [] },
    ...Object.fromEntries(
      scopes.map((scope) => [`all but ${scope}`, { scopes: scopes.filter((other) => other !== scope), roles: [] }]),
    ),
  }
  const ofTenants = tenants.flatMap((tenant) =>
    Object.entries(granted).map(([name, grants]) => [`${name} of a tenant`, { ...grants, tenant }] as const),
  )
  const known: MatrixCaller[] = []
  for (const [name, presented] of [...Object.entries(granted), ...ofTenants]) {
    const subject = `matrix.${randomUUID()}`
    const { token } = await keyring.create(subject, presented)
    known.push({ subject, presented, name, headers: { 'x-api-key': token } })
    if (!tokenOf) continue
    const headers = { authorization: `Bearer ${await tokenOf(subject, presented)}` }
    known.push({ subject, presented, name: `${name}, by token`, headers })
  }
  return [
    { name: 'nobody', presented: 'nothing', headers: {} },
    // Who is believed inside is believed by its signature, and what comes from outside is not passed on.
    { name: 'a forged identity', presented: 'nothing', headers: { 'ebb-identity': unsignedToken(scopes) } },
    ...Object.entries(invalid).map(([name, headers]) => ({ name, presented: 'invalid' as const, headers })),
    ...known,
  ]
}

/** As a JWT says that it is not signed (RFC 7519, 6). */
function unsignedToken(scopes: readonly string[]): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { iss: 'ebb:gateway', sub: 'root', scopes, scope: scopes.join(' '), exp: 4e9 }
  return `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(claims)}.`
}
