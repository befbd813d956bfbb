import type { ApiKey } from '../../data/api-keys.ts'
import { ConfigFault } from '../../kernel/index.ts'
import { readRoles } from '../roles.ts'
import { type AdminOptions, callAdmin, print, readAnnouncement, table } from './client.ts'

interface CreateOptions extends AdminOptions {
  readonly role?: string | undefined
  readonly scope?: readonly string[] | undefined
  /** Until it expires; never unless told. */
  readonly days?: string | undefined
}

const DAY_MS = 86_400_000

/** Makes a key with a role's scopes and more; its token is shown this once. */
export async function createKey(root: string, subject: string, { role, scope = [], days, ...options }: CreateOptions) {
  const granted = role === undefined ? [] : (await readRoles(root))[role]
  if (!granted) throw new ConfigFault(`domain/roles.ts has no role ${role}`)
  if (days !== undefined && !(Number(days) > 0)) throw new ConfigFault('--days must be a number above 0')
  const expiresAt = days === undefined ? undefined : new Date(Date.now() + Number(days) * DAY_MS).toISOString()
  const body = { subject, scopes: [...new Set([...granted, ...scope])], ...(expiresAt ? { expiresAt } : {}) }
  const made = await callAdmin<{ key: ApiKey; token: string }>(root, '/v1/keys', { ...options, method: 'POST', body })
  print(made, ({ token, key }) => [token, `  ${key.id} for ${key.subject}; it is shown this once`], options)
}

/** Prints the key that this laptop made for a role, and nothing else. */
export async function showKey(root: string, role: string) {
  const { keys } = await readAnnouncement(root)
  const key = keys[role]
  if (!key) throw new ConfigFault(`there is no role ${role}; the roles are ${Object.keys(keys).join(', ')}`)
  process.stdout.write(`${key}\n`)
}

export async function listKeys(root: string, options: AdminOptions) {
  const answer = await callAdmin<{ keys: readonly ApiKey[] }>(root, '/v1/keys', options)
  print(answer, ({ keys }) => table([['ID', 'SUBJECT', 'BEGINS', 'STATE', 'SCOPES'], ...keys.map(toRow)]), options)
}

const toRow = ({ id, subject, prefix, scopes, expiresAt, revokedAt }: ApiKey) => [
  ...[id, subject, prefix],
  revokedAt ? `revoked ${revokedAt}` : expiresAt ? `until ${expiresAt}` : 'live',
  scopes.join(' '),
]

export async function revokeKey(root: string, id: string, options: AdminOptions) {
  await callAdmin(root, `/v1/keys/${encodeURIComponent(id)}`, { ...options, method: 'DELETE' })
  print({ revoked: id }, () => [`${id} is revoked`], options)
}
