import { readFile } from 'node:fs/promises'
import type { ApiKey } from '../data/keys/api-keys.ts'
import { readRoles } from '../deploy/import-sources.ts'
import { readAnnouncement } from '../dev/announcement.ts'
import { ConfigError } from '../kernel/index.ts'
import * as endpoints from '../protocol/admin/keys.ts'
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
    description: 'List the API keys, without their tokens, the newest first.',
    options: {
      subject: { value: 'SUBJECT', description: 'Only those of this caller.' },
      tenant: { value: 'TENANT', description: 'Only those of this tenant.' },
      plan: { value: 'PLAN', description: 'Only those that have this plan by themselves.' },
      live: { description: 'Only those that are neither revoked nor expired.' },
      limit: { value: 'N', description: 'At most this many, up to 500. Default: 50.' },
      ...ADMIN_OPTIONS,
    },
    examples: ['keys list --tenant acme --live'],
    run: (project, options) => listKeys(project, options),
  }),
  form({
    word: 'create',
    description: 'Create an API key, and print its token, which is shown only once.',
    arguments: { subject: { value: 'SUBJECT', required: true, description: 'Whom requests with this key come from.' } },
    options: {
      role: { value: 'ROLE', description: 'Grant the scopes of this role of domain/roles.ts, and the role.' },
      scope: { value: 'SCOPE', repeated: true, description: 'Grant this scope, such as orders:write, as well.' },
      tenant: { value: 'TENANT', description: 'The tenant that its caller belongs to. Default: none.' },
      plan: { value: 'PLAN', description: 'The plan that its requests count against. Default: that of its tenant.' },
      name: { value: 'NAME', description: 'What it is called, to recognise it by.' },
      days: { value: 'N', read: readDays, description: 'Days until it expires. Default: never.' },
      ...ADMIN_OPTIONS,
    },
    examples: [
      'keys create till-7 --role merchant --days 90',
      'keys create till-7 --role merchant --tenant acme --plan pro',
    ],
    run: (project, { subject, ...options }) => createKey(project, subject, options),
  }),
  form({
    word: 'rotate',
    description:
      'Put a new key in the place of one, with the same rights, and print its token, which is shown only once.',
    arguments: { id: { value: 'ID', required: true, description: 'The id of the key, as keys list prints it.' } },
    options: {
      overlap: {
        value: 'HOURS',
        read: readOverlap,
        description: 'Hours for which the old token stays valid, up to 168. Default: 24.',
      },
      days: {
        value: 'N',
        read: readDays,
        description: 'Days until the new one expires. Default: when the old one would.',
      },
      ...ADMIN_OPTIONS,
    },
    examples: ['keys rotate 0190b1c4-94a5-7d2c-8f43-0a1b2c3d4e5f --overlap 1'],
    run: (project, { id, ...options }) => rotateKey(project, id, options),
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

/** Reads hours as seconds. */
function readOverlap(text: string): number {
  const seconds = Math.round(Number(text) * 3_600)
  if (!(seconds >= 0 && seconds <= 7 * 86_400)) throw new ConfigError('--overlap must be hours from 0 to 168')
  return seconds
}

function readDays(text: string): number {
  if (!(Number(text) > 0)) throw new ConfigError('--days must be a number above 0')
  return Number(text)
}

interface CreateOptions extends AdminOptions {
  readonly role?: string | undefined
  readonly scope?: readonly string[] | undefined
  readonly tenant?: string | undefined
  readonly plan?: string | undefined
  readonly name?: string | undefined
  /** Days until the key expires. Default: never. */
  readonly days?: number | undefined
}

const DAY_MS = 86_400_000

/** Creates a key with the scopes of a role and any others; its token is shown only once. */
async function createKey(project: string, subject: string, grant: CreateOptions) {
  const { role, scope = [], tenant, plan, name, days, ...options } = grant
  const granted = role === undefined ? [] : (await readRoles(project))[role]
  if (!granted) throw new ConfigError(`domain/roles.ts has no role ${role}`)
  const scopes = [...new Set([...granted, ...scope])]
  const body = { subject, scopes, ...(role ? { roles: [role] } : {}), tenant, plan, name, expiresAt: expiryOf(days) }
  printToken(await callAdmin(project, endpoints.createKey, { body }, options), options)
}

const expiryOf = (days: number | undefined) =>
  days === undefined ? undefined : new Date(Date.now() + days * DAY_MS).toISOString()

const printToken = (made: { readonly key: ApiKey; readonly token: string }, options: AdminOptions) =>
  printResult(made, ({ token, key }) => [token, `  ${key.id} for ${key.subject}; it is shown only once`], options)

interface RotateOptions extends AdminOptions {
  readonly overlap?: number | undefined
  readonly days?: number | undefined
}

/** Rotates a key; its new token is shown only once. */
async function rotateKey(project: string, id: string, { overlap, days, ...options }: RotateOptions) {
  const body = { overlapSeconds: overlap, expiresAt: expiryOf(days) }
  printToken(await callAdmin(project, endpoints.rotateKey, { params: { id }, body }, options), options)
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

interface ListOptions extends AdminOptions {
  readonly subject?: string | undefined
  readonly tenant?: string | undefined
  readonly plan?: string | undefined
  readonly live: boolean
  readonly limit?: string | undefined
}

async function listKeys(project: string, { subject, tenant, plan, live, limit, ...options }: ListOptions) {
  const query = { subject, tenant, plan, limit, live: live ? 'true' : undefined }
  const listed = await callAdmin(project, endpoints.listKeys, { query }, options)
  const header = ['ID', 'SUBJECT', 'TENANT', 'NAME', 'BEGINS', 'PLAN', 'STATE', 'SCOPES']
  printResult(listed, ({ keys }) => table([header, ...keys.map(keyRow)]), options)
}

const keyRow = ({ id, subject, tenant, name, prefix, plan, scopes, expiresAt, revokedAt }: ApiKey) => [
  ...[id, subject, tenant ?? '-', name ?? '-', prefix, plan ?? '-'],
  revokedAt ? `revoked ${revokedAt}` : expiresAt ? `${isOver(expiresAt) ? 'expired' : 'until'} ${expiresAt}` : 'live',
  scopes.join(' '),
]

const isOver = (at: string) => Date.parse(at) <= Date.now()

async function revokeKey(project: string, id: string, options: AdminOptions) {
  await callAdmin(project, endpoints.revokeKey, { params: { id } }, options)
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
