import { contractPart } from '../deploy/contract-part.ts'
import { importContracts } from '../deploy/import-sources.ts'
import { findRunning } from '../dev/announcement.ts'
import { ConfigError } from '../kernel/index.ts'
import { listRequests } from '../protocol/admin/requests.ts'
import { listGateways, listSettings } from '../protocol/admin/settings.ts'
import { callAdmin } from './admin-client.ts'
import { compareDocuments } from './check/compare-documents.ts'
import { createProbe, type Send } from './check/probe.ts'
import { readDocument, readUrl } from './check.ts'
import { printJson, printLine } from './command.ts'
import { type Form, form, JSON_OPTION } from './form.ts'
import { compareAnswers } from './parity/compare-answers.ts'
import { compareSettings } from './parity/compare-settings.ts'
import { safeRequests } from './parity/safe-requests.ts'

export const parityCommand: readonly Form[] = [
  form({
    word: 'parity',
    description:
      'Compare a deployed Ebb with the one that runs here: what each says that it serves, its version and settings, and what both answer to reads: those of the contracts, and those that were lately asked for here. Nothing is written.',
    options: {
      url: { value: 'URL', required: true, read: readUrl, description: 'The address of its gateway.' },
      key: { value: 'KEY', description: 'An API key there. Without one, what anyone may read is asked for.' },
      role: { value: 'ROLE', description: 'Whose key is sent here in its place. Default: the only one there is.' },
      admin: {
        value: 'URL',
        description: 'Its admin address, whose key is in EBB_ADMIN_KEY: for versions and settings.',
      },
      json: JSON_OPTION,
    },
    examples: [
      'check parity --url https://api.example.com --key "$KEY" --role writer',
      'check parity --url https://api.example.com --admin http://localhost:9081',
    ],
    run: (project, options) => compareAndPrint(project, options),
  }),
]

interface ParityOptions {
  readonly url: string
  readonly key: string | undefined
  readonly role: string | undefined
  readonly admin: string | undefined
  readonly json: boolean
}

/** What was compared, and each difference in one sentence. */
export interface Parity {
  readonly differences: readonly string[]
  /** How many requests both have answered. */
  readonly requests: number
  /** How many of these were for something that is on one side only. */
  readonly onOneSide: number
}

async function compareAndPrint(project: string, { json, ...options }: ParityOptions) {
  const parity = await compareEbbs(project, options)
  const { differences, requests, onOneSide } = parity
  if (json) printJson({ ok: differences.length === 0, ...parity })
  else {
    for (const difference of differences) printLine(difference)
    const left = onOneSide > 0 ? `, ${onOneSide} of them for what is on one side only` : ''
    printLine(`${requests} requests${left}; ${differences.length} differences`)
  }
  if (differences.length > 0) process.exitCode = 1
}

async function compareEbbs(project: string, { url, key, role, admin }: Omit<ParityOptions, 'json'>): Promise<Parity> {
  const running = await findRunning(project)
  if (!running) throw new ConfigError('no Ebb runs here to compare with; start it with npm start.')
  const ownKey = key === undefined ? undefined : keyOf(running.keys, role)
  const [here, there] = [createProbe(running.url), createProbe(url)]
  const { requests: seen } = await callAdmin(project, listRequests, { query: { method: 'GET', limit: '500' } })
  const documents = compareDocuments(
    contractPart(await readDocument(there, url)),
    contractPart(await readDocument(here, running.url)),
  )
  const ofAdmin = admin === undefined ? [] : await compareAdmins(project, admin)
  const contracts = Object.values(await importContracts(project)).filter((contract) => contract.kind === 'endpoint')
  const answers = await compareReads(safeRequests(contracts, seen, { hasKey: key !== undefined }), {
    here: withKey(here, ownKey),
    there: withKey(there, key),
  })
  return { ...answers, differences: [...documents, ...ofAdmin, ...answers.differences] }
}

/** Sends each request to both, one after the other, and compares what they answer. */
export async function compareReads(
  requests: ReturnType<typeof safeRequests>,
  { here, there }: Readonly<Record<'here' | 'there', Send>>,
): Promise<Parity> {
  const differences: string[] = []
  let onOneSide = 0
  for (const { name, ...request } of requests) {
    const answers = await Promise.all([here(request), there(request)]).catch((cause: Error) => cause)
    if (answers instanceof Error) {
      differences.push(`${name}: no answer: ${answers.message}`)
      continue
    }
    const compared = compareAnswers(...answers)
    if (compared.isOnOneSide) onOneSide++
    differences.push(...compared.differences.map((difference) => `${name}: ${difference}`))
  }
  return { differences, requests: requests.length, onOneSide }
}

async function compareAdmins(project: string, admin: string): Promise<readonly string[]> {
  const [ours, theirs] = [
    await callAdmin(project, listGateways, {}),
    await callAdmin(project, listGateways, {}, { admin }),
  ]
  const [here, there] = [ours, theirs].map(({ gateways }) =>
    [...new Set(gateways.map(({ version }) => version))].join(' and '),
  )
  const version = here === there ? [] : [`Ebb is ${here} here and ${there} there`]
  const [own, other] = [
    await callAdmin(project, listSettings, {}),
    await callAdmin(project, listSettings, {}, { admin }),
  ]
  return [...version, ...compareSettings(own.settings, other.settings)]
}

function keyOf(keys: Readonly<Record<string, string>>, role: string | undefined): string {
  const [only, ...others] = Object.keys(keys)
  const name = role ?? (others.length === 0 ? only : undefined)
  const key = name === undefined ? undefined : keys[name]
  if (key === undefined)
    throw new ConfigError(
      `--role must be one of ${Object.keys(keys).join(', ')}: whose key is sent here, as --key is there`,
    )
  return key
}

const withKey =
  (send: Send, key: string | undefined): Send =>
  ({ headers, ...request }) =>
    send({ ...request, headers: { ...headers, ...(key === undefined ? {} : { 'x-api-key': key }) } })
