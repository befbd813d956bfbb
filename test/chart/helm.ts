import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jest } from '@jest/globals'
import { inheritedEnv } from 'ebb/kernel'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { findProgram } from '../support/find-program.ts'
import { describeWhere } from '../support/requirements.ts'

export const CHART = 'charts/ebb'
export const KNATIVE = 'serving.knative.dev/v1'
export const PROMETHEUS = 'monitoring.coreos.com/v1'
/** The oldest Kubernetes that the chart is for. A Helm that asks no cluster else takes its own, which may be older. */
export const KUBERNETES = '1.30.0'

export type Values = Readonly<Record<string, unknown>>

type Functions = Readonly<Record<string, object>>

const resources = { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '192Mi' } }

/** What `ebb render` would write of a project: an endpoint, and two subscribers that mail. */
export const FUNCTIONS: Functions = {
  'confirm-order': { kind: 'subscriber', resources, uses: ['mail', 'postgres'] },
  'place-order': { kind: 'endpoint', resources, uses: ['postgres'] },
  'send-welcome-email': { kind: 'subscriber', resources, uses: ['mail', 'postgres'] },
}

/** What `ebb render` would write of its examples. */
export const CHECKS: readonly object[] = [
  {
    ...{ function: 'place-order', method: 'POST', path: '/v1/orders', target: '/v1/orders', body: '{"sku":"A-1"}' },
    ...{ writes: true, scopes: ['orders:write'], status: 201, failures: { out_of_stock: 409 } },
    events: { 'order.placed': ['confirm-order'] },
  },
  { function: 'list-products', method: 'GET', path: '/v1/products', target: '/v1/products', status: 200, failures: {} },
]

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: Readonly<Record<string, unknown>>
  readonly data?: Readonly<Record<string, string>>
}

export interface ChartOptions {
  /** What the cluster offers besides Kubernetes' own. */
  readonly apis?: readonly string[]
  readonly flags?: readonly string[]
  /** The release's name. */
  readonly release?: string
  /** What functions.yaml says; default: FUNCTIONS. */
  readonly functions?: Functions
  /** What it says of proxies; default: there are none. */
  readonly proxies?: Readonly<Record<string, object>>
}

/** A rendering takes a third of a second, on a busy machine several; a test has up to forty. */
const LIMIT_MS = 300_000

const helmPath = findProgram('helm')
/** Where Helm is; describeChart skips what would need it where it is not. */
export const HELM = helmPath ?? ''

/** Tests that need Helm. */
export function describeChart(name: string, tests: () => void) {
  jest.setTimeout(LIMIT_MS)
  describeWhere(helmPath ? undefined : 'no helm on PATH')(name, tests)
}

/** All that the chart makes of these values. */
export async function renderChart(values: Values = {}, options: ChartOptions = {}): Promise<readonly Manifest[]> {
  const { code, stdout, stderr } = await template(values, options)
  if (code !== 0) throw new Error(stderr)
  return parseAllDocuments(stdout).flatMap((document): Manifest[] => document.toJS() ?? [])
}

/** Why it does not. */
export async function refusal(values: Values, options: ChartOptions = {}): Promise<string> {
  const { code, stderr } = await template(values, options)
  if (code === 0) throw new Error(`the chart takes ${JSON.stringify(values)}`)
  return stderr
}

/** The notes after an install: Helm shows them only where there is a cluster. */
export async function notesFor(values: Values = {}): Promise<string> {
  const chart = await chartWith(FUNCTIONS)
  const notes = await readFile(join(chart, 'templates/NOTES.txt'), 'utf8')
  const about =
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: notes }\ndata:\n  notes: {{ include "notes" . | toJson }}'
  await writeFile(join(chart, 'templates/notes.yaml'), `{{ define "notes" }}${notes}{{ end }}\n${about}\n`)
  const { stdout, stderr } = await helm(['template', 'ebb', chart, '--show-only', 'templates/notes.yaml'], values)
  await rm(chart, { recursive: true })
  return parseAllDocuments(stdout)[0]?.toJS().data.notes ?? stderr
}

export async function lint(values: Values) {
  const chart = await chartWith(FUNCTIONS)
  const ended = await helm(['lint', '--strict', chart], values)
  await rm(chart, { recursive: true })
  return ended
}

async function template(
  values: Values,
  { apis = [], flags = [], functions = FUNCTIONS, proxies = {}, release = 'ebb' }: ChartOptions,
) {
  const chart = await chartWith(functions, proxies)
  const also = apis.flatMap((api) => ['--api-versions', api])
  const ended = await helm(['template', release, chart, ...also, ...flags], values)
  await rm(chart, { recursive: true })
  return ended
}

/** Runs Helm, with the chart's secrets made up where there is no cluster either. */
export async function helm(words: readonly string[], values: Values) {
  const asks = words.includes('--dry-run=server')
  // A cluster that this machine's user may reach is none of the tests' business.
  const env = { ...inheritedEnv(['PATH']), HOME: tmpdir() }
  const all = [...words, '--values', '-', ...(asks ? [] : ['--kube-version', KUBERNETES])]
  const child = spawn(HELM, all, { env, stdio: 'pipe' })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => (stdout += chunk))
  child.stderr.on('data', (chunk) => (stderr += chunk))
  child.stdin.end(JSON.stringify(asks ? values : { generateSecrets: 'always', ...values }))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, stdout, stderr }
}

/** A copy of the chart, for these functions and proxies. */
async function chartWith(functions: Functions, proxies: object = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-chart-'))
  await cp(CHART, folder, { recursive: true })
  await writeFile(
    join(folder, 'functions.yaml'),
    stringify({ functions, proxies, checks: functions === FUNCTIONS ? CHECKS : [] }),
  )
  return folder
}

export const parseYaml = (text: string): unknown => parse(text)

/** Those of one kind. */
export const ofKind = (manifests: readonly Manifest[], kind: string, apiVersion = '') =>
  manifests.filter((one) => one.kind === kind && one.apiVersion.startsWith(apiVersion))

/** The one of this kind and name. */
export function only(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const [found, ...others] = ofKind(manifests, kind).filter(({ metadata }) => metadata.name === name)
  if (!found || others.length > 0) throw new Error(`there is not just one ${kind} ${name}`)
  return found
}

export const namesOf = (manifests: readonly Manifest[]) => manifests.map(({ metadata }) => metadata.name).sort()
