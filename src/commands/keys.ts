import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { ApiKey } from '../data/api-keys.ts'
import { readRoles } from '../deploy/import-sources.ts'
import { readAnnouncement } from '../dev/announcement.ts'
import { ConfigError } from '../kernel/index.ts'
import { generateIdentityKeys, type IdentityKeys } from '../protocol/index.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult, table } from './admin-client.ts'
import { type Command, printLine, text, usageError } from './command.ts'

export const keysCommand: Command = {
  usage: [
    'keys show ROLE',
    'keys list',
    'keys create SUBJECT [--role ROLE] [--scope SCOPE …] [--days N]',
    'keys revoke ID',
  ],
  description: 'show, list, create or revoke the API keys of a running Ebb',
  run: async (project, args) => {
    const options = { ...ADMIN_OPTIONS, role: text, scope: { ...text, multiple: true }, days: text } as const
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    const [verb, argument] = positionals
    if (verb === 'show' && argument) return showKey(project, argument)
    if (verb === 'list') return listKeys(project, values)
    if (verb === 'create' && argument) return createKey(project, argument, values)
    if (verb === 'revoke' && argument) return revokeKey(project, argument, values)
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
async function createKey(project: string, subject: string, { role, scope = [], days, ...options }: CreateOptions) {
  const granted = role === undefined ? [] : (await readRoles(project))[role]
  if (!granted) throw new ConfigError(`domain/roles.ts has no role ${role}`)
  if (days !== undefined && !(Number(days) > 0)) throw new ConfigError('--days must be a number above 0')
  const expiresAt = days === undefined ? undefined : new Date(Date.now() + Number(days) * DAY_MS).toISOString()
  const body = { subject, scopes: [...new Set([...granted, ...scope])], ...(expiresAt ? { expiresAt } : {}) }
  const request = { ...options, method: 'POST', body }
  const created = await callAdmin<{ key: ApiKey; token: string }>(project, '/v1/keys', request)
  printResult(created, ({ token, key }) => [token, `  ${key.id} for ${key.subject}; it is shown only once`], options)
}

/** Prints the API key of a role on this laptop, and nothing else. */
async function showKey(project: string, role: string) {
  const { keys } = await readAnnouncement(project)
  const key = keys[role]
  const roles = Object.keys(keys).join(', ')
  if (!key)
    throw new ConfigError(
      `there is no role ${role}; ${roles ? `the roles are ${roles}` : 'domain/roles.ts declares them'}`,
    )
  printLine(key)
}

async function listKeys(project: string, options: AdminOptions) {
  const listed = await callAdmin<{ keys: readonly ApiKey[] }>(project, '/v1/keys', options)
  const header = ['ID', 'SUBJECT', 'BEGINS', 'STATE', 'SCOPES']
  printResult(listed, ({ keys }) => table([header, ...keys.map(keyRow)]), options)
}

const keyRow = ({ id, subject, prefix, scopes, expiresAt, revokedAt }: ApiKey) => [
  ...[id, subject, prefix],
  revokedAt ? `revoked ${revokedAt}` : expiresAt ? `until ${expiresAt}` : 'live',
  scopes.join(' '),
]

async function revokeKey(project: string, id: string, options: AdminOptions) {
  await callAdmin(project, `/v1/keys/${encodeURIComponent(id)}`, { ...options, method: 'DELETE' })
  printResult({ revoked: id }, () => [`${id} is revoked`], options)
}

export const identityKeysCommand: Command = {
  usage: ['identity-keys [--keep JWKS_FILE]'],
  description:
    'generate the Ebb-Identity keys of gateway and relay, and the public set for functions; --keep adds the keys of another set, to rotate',
  run: async (_root, args) => {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { keep: text } })
    if (positionals.length > 0) throw usageError(identityKeysCommand)
    const kept = values.keep === undefined ? [] : await readKeys(values.keep)
    const { gateway, relay, jwks } = await generateIdentityKeys()
    const keys = { gateway, relay, jwks: { keys: [...jwks.keys, ...kept] } }
    printLine(JSON.stringify(keys, undefined, 2))
  },
}

async function readKeys(file: string): Promise<IdentityKeys['jwks']['keys']> {
  try {
    const { keys }: Partial<IdentityKeys['jwks']> = JSON.parse(await readFile(file, 'utf8'))
    if (Array.isArray(keys) && !keys.some((key) => 'd' in key)) return keys
  } catch (cause) {
    throw new ConfigError(`--keep ${file}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
  throw new ConfigError(`--keep ${file}: must be a set of public keys, as in EBB_IDENTITY_JWKS`)
}
