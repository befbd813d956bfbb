import { readFile } from 'node:fs/promises'
import type { ApiKey } from '../data/api-keys.ts'
import { readRoles } from '../deploy/import-sources.ts'
import { readAnnouncement } from '../dev/announcement.ts'
import { ConfigError } from '../kernel/index.ts'
import { generateIdentityKeys, type IdentityKeys } from '../protocol/index.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult, table } from './admin-client.ts'
import { printJson, printLine } from './command.ts'
import { type Form, form, JSON_OPTION } from './form.ts'

export const keysCommand: readonly Form[] = [
  form({
    word: 'show',
    description: 'Print the API key of a role on this laptop, and nothing else.',
    arguments: { role: { value: 'ROLE', required: true, description: 'A role of domain/roles.ts.' } },
    options: { json: JSON_OPTION },
    examples: ['keys show customer'],
    run: (project, { role, json }) => showKey(project, role, { json }),
  }),
  form({
    word: 'list',
    description: 'List the API keys, without their tokens.',
    options: ADMIN_OPTIONS,
    examples: ['keys list --json'],
    run: (project, options) => listKeys(project, options),
  }),
  form({
    word: 'create',
    description: 'Create an API key, and print its token, which is shown only once.',
    arguments: { subject: { value: 'SUBJECT', required: true, description: 'Whom requests with this key come from.' } },
    options: {
      role: { value: 'ROLE', description: 'Grant the scopes of this role of domain/roles.ts.' },
      scope: { value: 'SCOPE', repeated: true, description: 'Grant this scope, such as orders:write, as well.' },
      days: { value: 'N', read: readDays, description: 'Days until it expires. Default: never.' },
      ...ADMIN_OPTIONS,
    },
    examples: ['keys create till-7 --role merchant --days 90'],
    run: (project, { subject, ...options }) => createKey(project, subject, options),
  }),
  form({
    word: 'revoke',
    description: 'Revoke an API key: requests with it are refused from now on.',
    arguments: { id: { value: 'ID', required: true, description: 'The id of the key, as keys list prints it.' } },
    options: ADMIN_OPTIONS,
    examples: ['keys revoke 0190b1c4-94a5-7d2c-8f43-0a1b2c3d4e5f'],
    run: (project, { id, ...options }) => revokeKey(project, id, options),
  }),
]

function readDays(text: string): number {
  if (!(Number(text) > 0)) throw new ConfigError('--days must be a number above 0')
  return Number(text)
}

interface CreateOptions extends AdminOptions {
  readonly role?: string | undefined
  readonly scope?: readonly string[] | undefined
  /** Days until the key expires. Default: never. */
  readonly days?: number | undefined
}

const DAY_MS = 86_400_000

/** Creates a key with the scopes of a role and any others; its token is shown only once. */
async function createKey(project: string, subject: string, { role, scope = [], days, ...options }: CreateOptions) {
  const granted = role === undefined ? [] : (await readRoles(project))[role]
  if (!granted) throw new ConfigError(`domain/roles.ts has no role ${role}`)
  const expiresAt = days === undefined ? undefined : new Date(Date.now() + days * DAY_MS).toISOString()
  const body = { subject, scopes: [...new Set([...granted, ...scope])], ...(expiresAt ? { expiresAt } : {}) }
  const request = { ...options, method: 'POST', body }
  const created = await callAdmin<{ key: ApiKey; token: string }>(project, '/v1/keys', request)
  printResult(created, ({ token, key }) => [token, `  ${key.id} for ${key.subject}; it is shown only once`], options)
}

async function showKey(project: string, role: string, { json }: { readonly json: boolean }) {
  const { keys } = await readAnnouncement(project)
  const key = keys[role]
  const roles = Object.keys(keys).join(', ')
  if (!key)
    throw new ConfigError(
      `there is no role ${role}; ${roles ? `the roles are ${roles}` : 'domain/roles.ts declares them'}`,
    )
  if (json) printJson({ role, key })
  else printLine(key)
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

export const identityKeysCommand: readonly Form[] = [
  form({
    description: 'Generate the Ebb-Identity keys of gateway and relay, and the public set for functions, as JSON.',
    options: {
      keep: {
        value: 'JWKS_FILE',
        completes: 'path',
        description: 'Add the public keys of this set to the new one, to rotate without a gap.',
      },
    },
    examples: ['identity-keys --keep public.jwks'],
    run: async (_project, { keep }) => {
      const kept = keep === undefined ? [] : await readKeys(keep)
      const { gateway, relay, jwks } = await generateIdentityKeys()
      printJson({ gateway, relay, jwks: { keys: [...jwks.keys, ...kept] } })
    },
  }),
]

async function readKeys(file: string): Promise<IdentityKeys['jwks']['keys']> {
  try {
    const { keys }: Partial<IdentityKeys['jwks']> = JSON.parse(await readFile(file, 'utf8'))
    if (Array.isArray(keys) && !keys.some((key) => 'd' in key)) return keys
  } catch (cause) {
    throw new ConfigError(`--keep ${file}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
  throw new ConfigError(`--keep ${file}: must be a set of public keys, as in EBB_IDENTITY_JWKS`)
}
