import { type AnyContract, describeEndpoint, describeProxy } from '../contract/index.ts'
import { contractPart, isAnonymousOperation } from '../deploy/contract-part.ts'
import type { Environment } from '../deploy/environments/index.ts'
import { importContracts, readPlans } from '../deploy/import-sources.ts'
import { openapi } from '../deploy/index.ts'
import { paint } from '../dev/paint.ts'
import { createRouter } from '../http/gateway/router.ts'
import { ConfigError } from '../kernel/index.ts'
import { listSettings } from '../protocol/admin/settings.ts'
import { callAdmin } from './admin-client.ts'
import { endpointChecks, methodChecks, platformChecks, proxyChecks } from './check/checks.ts'
import { type ApiDocument, compareDocuments, operationsOf } from './check/compare-documents.ts'
import { compareSettings } from './check/compare-settings.ts'
import { createProbe, parseJson, type Send } from './check/probe.ts'
import { printJson, printLine } from './command.ts'
import { requireEnvironment } from './environments.ts'
import { type Form, form, JSON_OPTION } from './form.ts'
import { UsageError } from './usage-error.ts'

export const checkCommand: readonly Form[] = [
  form({
    description:
      'Compare a deployed Ebb with the contracts of this checkout, and check its responses. Nothing is written there.',
    options: {
      url: {
        value: 'URL',
        read: readUrl,
        description: 'The address of its gateway. Default: that of --env.',
      },
      env: {
        value: 'NAME',
        description:
          'The environment of environments/ that it is; with --admin, whether its gateway has the settings of that.',
      },
      admin: { value: 'URL', description: 'With --env: its admin address, whose key is in EBB_ADMIN_KEY.' },
      key: { value: 'KEY', description: 'An API key, to check what an anonymous caller cannot read.' },
      origin: { value: 'ORIGIN', description: 'The origin of a web page that its CORS headers should allow.' },
      json: JSON_OPTION,
    },
    examples: ['check --url http://localhost:8080 --key "$KEY"', 'check --env staging --admin http://localhost:8081'],
    run: (project, options) => checkAndPrint(project, options),
  }),
]

/** Reads the value of `--url`. */
export function readUrl(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text
  throw new ConfigError('--url must be http:// or https://')
}

interface CommandOptions extends Omit<CheckOptions, 'url' | 'hasPlans'> {
  readonly url: string | undefined
  readonly env: string | undefined
  readonly admin: string | undefined
  readonly json: boolean
}

async function checkAndPrint(project: string, { json, env, admin, ...given }: CommandOptions) {
  const checks: CheckResult[] = []
  const add = (result: CheckResult) => {
    checks.push(result)
    if (!json) printLine(formatResult(result))
  }
  const contracts = await importContracts(project)
  const hasPlans = Object.keys(await readPlans(project)).length > 0
  const environment = env === undefined ? undefined : await requireEnvironment(project, contracts, env)
  const url = given.url ?? environment?.url
  if (url === undefined)
    throw new UsageError('ebb check needs --url URL, or --env NAME. ebb check --help describes it.')
  if (admin !== undefined && !environment)
    throw new UsageError('--admin is for the settings of an environment: give --env.')
  const options = { ...given, url }
  for await (const result of checkDeployed(contracts, { ...options, hasPlans })) add(result)
  if (environment && admin !== undefined) add(await checkSettings(project, environment, admin))
  const failed = checks.filter(({ faults }) => faults.length > 0).length
  const passed = checks.length - failed
  if (json) printJson({ url: options.url, ok: failed === 0, passed, failed, checks })
  else printLine(`\n${passed} passed, ${failed} failed`)
  if (failed > 0) process.exitCode = 1
}

/** Whether what was said of the gateway's settings is what it has. */
async function checkSettings(project: string, { name, settings }: Environment, admin: string): Promise<CheckResult> {
  const { settings: there } = await callAdmin(project, listSettings, {}, { admin })
  return {
    name: `its settings are those of environments/${name}.yaml`,
    faults: compareSettings(settings.gateway ?? {}, there),
  }
}

function formatResult({ name, faults }: CheckResult): string {
  if (faults.length === 0) return `${paint('green', '  ok')}  ${name}`
  return [`${paint('red', 'FAIL')}  ${name}`, ...faults.map((violation) => `        ${violation}`)].join('\n')
}

/** The result of a check, which passed if `faults` is empty. */
export interface CheckResult {
  readonly name: string
  readonly faults: readonly string[]
}

/** What `ebb check` is to ask, and of which address. */
export interface CheckOptions {
  readonly url: string
  readonly key?: string | undefined
  /** An origin that CORS should allow. */
  readonly origin?: string | undefined
  /** Whether there are plans. */
  readonly hasPlans?: boolean
}

/**
 * Compares a deployed Ebb with the contracts of this checkout, and checks that it responds as they and the platform promise.
 * Sends no request that writes. Throws a ConfigError if no Ebb answers.
 */
export async function* checkDeployed(
  contracts: Readonly<Record<string, AnyContract>>,
  { url, key, origin, hasPlans = false }: CheckOptions,
): AsyncIterable<CheckResult> {
  const send = createProbe(url)
  const there = contractPart(await readDocument(send, url))
  // As a client reads it that gets it over HTTP.
  const local: ApiDocument = JSON.parse(JSON.stringify(openapi(Object.values(contracts), { version: '1', hasPlans })))
  const here = contractPart(local)
  yield { name: 'its endpoints are those of this checkout', faults: compareDocuments(there, here) }
  const deployed = operationsOf(there)
  // Endpoints that are missing there, or anonymous on one side only, were just reported: no request is sent to them.
  const shared = Object.values(contracts)
    .filter((contract) => contract.kind === 'endpoint')
    .filter(({ upgrade }) => !upgrade)
    .filter(({ method, path, access }) => isComparable(deployed[`${method} ${path}`], access.anonymous === true))
  const proxies = Object.values(contracts)
    .filter((contract) => contract.kind === 'proxy')
    .filter(({ name, path }) => deployed[`the proxy ${name} at ${path}`] !== undefined)
    .map(describeProxy)
  const { find } = createRouter([...shared.map(describeEndpoint), ...proxies])
  const checks = [
    ...platformChecks(send, { origin, find }),
    ...shared.flatMap((contract) => endpointChecks(contract, { send, key })),
    ...methodChecks(shared, { send, find }),
    ...proxyChecks(proxies, { send, find }),
  ]
  for (const { name, run } of checks) {
    const violation = await run().catch((cause: Error) => `no answer: ${cause.message}`)
    yield { name, faults: violation === undefined ? [] : [violation] }
  }
}

const isComparable = (operation: unknown, anonymous: boolean) =>
  operation !== undefined && isAnonymousOperation(operation) === anonymous

/** The OpenAPI document that an Ebb serves. Throws a ConfigError where none does. */
export async function readDocument(send: Send, url: string): Promise<ApiDocument> {
  const { status, text } = await send({ method: 'GET', target: '/openapi.json' }).catch((cause) => {
    throw new ConfigError(`no server answers at ${url}`, { cause })
  })
  const document: ApiDocument & { readonly openapi?: string } = Object(parseJson(text))
  if (status !== 200 || !document.openapi)
    throw new ConfigError(`${url} is not an Ebb: its /openapi.json answers ${status}`)
  return document
}
