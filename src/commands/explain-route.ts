import { readAnnouncement } from '../dev/announcement.ts'
import { requestToken } from '../dev/provider/request-token.ts'
import { ConfigError } from '../kernel/index.ts'
import { type Explained, explainRequest } from '../protocol/admin/explain.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult, table } from './admin-client.ts'
import { type Form, form } from './form.ts'

export const explainRouteCommand: readonly Form[] = [
  form({
    description:
      'Show what each step of the gateway would do with a request, and why. Nothing is sent to a function, counted or stored.',
    arguments: {
      method: { value: 'METHOD', required: true, description: 'Its method, such as GET.' },
      path: { value: 'PATH', required: true, description: 'Its path, with its query.' },
    },
    options: {
      as: {
        value: 'ROLE|PERSON',
        completes: 'person',
        description:
          'Who calls, on the laptop: a role of domain/roles.ts, by its key, or a person of domain/people.ts.',
      },
      key: { value: 'KEY', description: 'The API key or access token that it comes with. Default: none.' },
      header: { value: 'NAME: VALUE', repeated: true, description: 'A header that it has.' },
      body: { value: 'JSON', description: 'Its body; then it is of the type application/json.' },
      address: { value: 'ADDRESS', description: 'The address of its client. Default: 127.0.0.1.' },
      ...ADMIN_OPTIONS,
    },
    examples: [
      'explain-route GET /v1/users/7 --as ada',
      `explain-route POST /v1/users --as merchant --body '{"name":"Ada"}'`,
    ],
    run: (project, options) => explainRoute(project, options),
  }),
]

interface ExplainOptions extends AdminOptions {
  readonly method: string
  readonly path: string
  readonly as: string | undefined
  readonly key: string | undefined
  readonly header: readonly string[]
  readonly body: string | undefined
  readonly address: string | undefined
}

async function explainRoute(project: string, { method, path, header, body, address, ...options }: ExplainOptions) {
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(await credentialOf(project, options)),
    ...readHeaders(header),
  }
  const request = { method: method.toUpperCase(), target: path, headers, body, address }
  printResult(await callAdmin(project, explainRequest, { body: request }, options), toLines, options)
}

async function credentialOf(project: string, { as, key, admin }: Pick<ExplainOptions, 'as' | 'key' | 'admin'>) {
  if (as !== undefined && (key !== undefined || admin !== undefined))
    throw new ConfigError('--as is for the laptop, and without --key; give --key for another Ebb')
  if (key !== undefined) return { authorization: `Bearer ${key}` }
  if (as === undefined) return {}
  const { keys, provider } = await readAnnouncement(project)
  if (keys[as] !== undefined) return { 'x-api-key': keys[as] }
  if (!provider) throw new ConfigError(`there is no role ${as}; the roles are ${Object.keys(keys).join(', ')}`)
  return { authorization: `Bearer ${(await requestToken({ ...provider, person: as })).token}` }
}

function readHeaders(lines: readonly string[]): Readonly<Record<string, string[]>> {
  const headers: Record<string, string[]> = {}
  for (const line of lines) {
    const [, name, value = ''] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? []
    if (name === undefined) throw new ConfigError(`--header must be NAME: VALUE, and not ${line}`)
    headers[name.toLowerCase()] = [...(headers[name.toLowerCase()] ?? []), value]
  }
  return headers
}

function toLines({ steps, outcome, forwardsTo }: Explained): readonly string[] {
  const rows = steps.map(({ step, decision, why }) => [decision, step, why])
  const issues = steps.flatMap(({ facts = {} }) => (Array.isArray(facts.details) ? facts.details : []))
  return [
    ...table(rows),
    ...issues.map(({ path, message }) => `  ${path}: ${message}`),
    '',
    conclusionOf({ outcome, forwardsTo }),
  ]
}

function conclusionOf({ outcome, forwardsTo }: Pick<Explained, 'outcome' | 'forwardsTo'>): string {
  if (outcome) return `The gateway answers by itself: ${outcome.status}${outcome.error ? ` ${outcome.error}` : ''}.`
  return forwardsTo ? `The gateway sends it to ${forwardsTo}.` : 'Only the request itself could tell what comes of it.'
}
