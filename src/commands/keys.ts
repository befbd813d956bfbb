import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { ApiKey } from '../data/api-keys.ts'
import { readRoles } from '../deploy/import-sources.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, print, readAnnouncement, table } from '../dev/announcement.ts'
import { ConfigError } from '../kernel/index.ts'
import { generateIdentityKeys, type IdentityKeys } from '../protocol/index.ts'
import { type Command, usageError } from './command.ts'

export const keysCommand: Command = {
  usage: [
    'keys show ROLE',
    'keys list',
    'keys create SUBJECT [--role ROLE] [--scope SCOPE …] [--days N]',
    'keys revoke ID',
  ],
  description: 'API keys of a running Ebb',
  run: async (root, args) => {
    const text = { type: 'string' } as const
    const options = { ...ADMIN_OPTIONS, role: text, scope: { type: 'string', multiple: true }, days: text } as const
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    const [verb, what] = positionals
    if (verb === 'show' && what) return showKey(root, what)
    if (verb === 'list') return listKeys(root, values)
    if (verb === 'create' && what) return createKey(root, what, values)
    if (verb === 'revoke' && what) return revokeKey(root, what, values)
    throw usageError(keysCommand)
  },
}

interface CreateOptions extends AdminOptions {
  readonly role?: string | undefined
  readonly scope?: readonly string[] | undefined
  /** Days until the key expires. Default: never. */
  readonly days?: string | undefined
}

const DAY_MS = 86_400_000

/** Creates a key with the scopes of a role and any others; its token is shown only once. */
export async function createKey(root: string, subject: string, { role, scope = [], days, ...options }: CreateOptions) {
  const granted = role === undefined ? [] : (await readRoles(root))[role]
  if (!granted) throw new ConfigError(`domain/roles.ts has no role ${role}`)
  if (days !== undefined && !(Number(days) > 0)) throw new ConfigError('--days must be a number above 0')
  const expiresAt = days === undefined ? undefined : new Date(Date.now() + Number(days) * DAY_MS).toISOString()
  const body = { subject, scopes: [...new Set([...granted, ...scope])], ...(expiresAt ? { expiresAt } : {}) }
  const made = await callAdmin<{ key: ApiKey; token: string }>(root, '/v1/keys', { ...options, method: 'POST', body })
  print(made, ({ token, key }) => [token, `  ${key.id} for ${key.subject}; it is shown this once`], options)
}

/** Prints the API key of a role on this laptop, and nothing else. */
export async function showKey(root: string, role: string) {
  const { keys } = await readAnnouncement(root)
  const key = keys[role]
  if (!key) throw new ConfigError(`there is no role ${role}; the roles are ${Object.keys(keys).join(', ')}`)
  process.stdout.write(`${key}\n`)
}

export async function listKeys(root: string, options: AdminOptions) {
  const answer = await callAdmin<{ keys: readonly ApiKey[] }>(root, '/v1/keys', options)
  print(answer, ({ keys }) => table([['ID', 'SUBJECT', 'BEGINS', 'STATE', 'SCOPES'], ...keys.map(keyRow)]), options)
}

const keyRow = ({ id, subject, prefix, scopes, expiresAt, revokedAt }: ApiKey) => [
  ...[id, subject, prefix],
  revokedAt ? `revoked ${revokedAt}` : expiresAt ? `until ${expiresAt}` : 'live',
  scopes.join(' '),
]

export async function revokeKey(root: string, id: string, options: AdminOptions) {
  await callAdmin(root, `/v1/keys/${encodeURIComponent(id)}`, { ...options, method: 'DELETE' })
  print({ revoked: id }, () => [`${id} is revoked`], options)
}

export const identityKeysCommand: Command = {
  usage: ['identity-keys [--keep JWKS_FILE]'],
  description:
    'new keys of gateway and relay for Ebb-Identity, and the public set of functions; --keep has the keys of another set in it, to rotate',
  run: async (_root, args) => {
    const options = { keep: { type: 'string' } } as const
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    if (positionals.length > 0) throw usageError(identityKeysCommand)
    const kept = values.keep === undefined ? [] : await readKeys(values.keep)
    const { gateway, relay, jwks } = await generateIdentityKeys()
    const keys = { gateway, relay, jwks: { keys: [...jwks.keys, ...kept] } }
    process.stdout.write(`${JSON.stringify(keys, undefined, 2)}\n`)
  },
}

async function readKeys(file: string): Promise<IdentityKeys['jwks']['keys']> {
  try {
    const { keys }: Partial<IdentityKeys['jwks']> = JSON.parse(await readFile(file, 'utf8'))
    if (Array.isArray(keys) && !keys.some((key) => 'd' in key)) return keys
  } catch (cause) {
    throw new ConfigError(`--keep ${file}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
  throw new ConfigError(`--keep ${file}: must be a set of public keys, as EBB_IDENTITY_JWKS holds it`)
}
