import { spawn } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from '@jest/globals'
import { inherited } from 'ebb/kernel'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { findProgram } from '../support/find-program.ts'

export const CHART = 'charts/ebb'
export const KNATIVE = 'serving.knative.dev/v1'
export const PROMETHEUS = 'monitoring.coreos.com/v1'

export type Values = Readonly<Record<string, unknown>>

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
  /** In the place of what is rendered from the contracts. */
  readonly functions?: Readonly<Record<string, object>>
}

const helmPath = findProgram('helm')
// Jest shows no console of a file whose tests are all skipped.
if (!helmPath) process.stderr.write('NOT TESTED: the chart is not rendered here, since there is no helm on PATH.\n')

/** Tests that need Helm: where it is not on PATH they are skipped, and say so. */
export function describeChart(name: string, tests: () => void) {
  if (helmPath) describe(name, tests)
  else it.skip(`${name} (NOT TESTED: no helm on PATH)`, () => {})
}

/** All that the chart makes of these values. */
export async function renderChart(values: Values = {}, options: ChartOptions = {}): Promise<readonly Manifest[]> {
  const { code, stdout, stderr } = await helm(['template', 'ebb'], values, options)
  if (code !== 0) throw new Error(stderr)
  return parseAllDocuments(stdout).flatMap((document): Manifest[] => document.toJS() ?? [])
}

/** Why it does not. */
export async function refusal(values: Values, options: ChartOptions = {}): Promise<string> {
  const { code, stderr } = await helm(['template', 'ebb'], values, options)
  if (code === 0) throw new Error(`the chart takes ${JSON.stringify(values)}`)
  return stderr
}

/** What whoever installs it reads. */
export async function notesFor(values: Values = {}): Promise<string> {
  const { stdout, stderr } = await helm(['install', 'ebb'], values, { flags: ['--dry-run=client'] })
  return stdout.split('\nNOTES:\n')[1] ?? stderr
}

export const lint = (values: Values) => helm(['lint', '--strict'], values, {})

async function helm(verb: readonly string[], values: Values, { apis = [], flags = [], functions }: ChartOptions) {
  const chart = functions ? await chartWith(functions) : CHART
  const also = apis.flatMap((api) => ['--api-versions', api])
  // A cluster that this machine's user may reach is none of the tests' business.
  const env = { ...inherited(['PATH']), HOME: tmpdir() }
  const child = spawn(helmPath ?? '', [...verb, chart, '--values', '-', ...also, ...flags], { env, stdio: 'pipe' })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => (stdout += chunk))
  child.stderr.on('data', (chunk) => (stderr += chunk))
  child.stdin.end(JSON.stringify(values))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  if (functions) await rm(chart, { recursive: true })
  return { code, stdout, stderr }
}

async function chartWith(functions: Readonly<Record<string, object>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-chart-'))
  await cp(CHART, folder, { recursive: true })
  await writeFile(join(folder, 'functions.yaml'), stringify({ functions }))
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
