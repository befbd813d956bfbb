import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SERVICES } from '../build/build-image.ts'
import { isFunction } from '../contract/index.ts'
import { importContracts, importUses } from '../deploy/import-sources.ts'
import { PLATFORM } from '../deploy/platform-files.ts'
import {
  clusterSecrets,
  HEADER,
  readChart,
  readPlatformCopies,
  render,
  renderTarget,
  TARGETS,
  type Target,
} from '../deploy/render/index.ts'
import { ConfigError } from '../kernel/index.ts'
import { describeVersionGap, readRenderedVersion } from '../project/rendered-version.ts'
import { printJson, printLine } from './command.ts'
import { environmentFiles, printEnvironment, VALUES_FOLDER } from './environments.ts'
import { type Form, form, JSON_OPTION } from './form.ts'

export const renderCommand: readonly Form[] = [
  form({
    description:
      'Render the files for clusters from the contracts: k8s/, charts/ebb, stack.yml and others (npm run render).',
    options: {
      check: { description: 'Write nothing, and fail if a file differs from what the contracts say.' },
      openfaas: {
        value: 'EDITION',
        choices: ['ce', 'pro'],
        default: 'ce',
        description: 'The edition of OpenFaaS that stack.yml is for.',
      },
      target: {
        value: 'PLATFORM',
        choices: TARGETS,
        description: 'In place of the files for clusters, those of this platform, in targets/PLATFORM.',
      },
      pool: { value: 'N', read: readCount('--pool'), description: 'Connections of each instance to Postgres.' },
      'max-connections': {
        value: 'N',
        read: readCount('--max-connections'),
        description: 'Connections that Postgres takes: instances and pools must fit into them.',
      },
      env: {
        value: 'NAME',
        description: 'Write nothing, and print the values of the chart for this environment of environments/.',
      },
      json: JSON_OPTION,
    },
    examples: ['render', 'render --check --json', 'render --target sam', 'render --env staging'],
    run: (project, { env, ...options }) =>
      env === undefined ? renderProject(project, options) : printEnvironment(project, env),
  }),
  form({
    word: 'secrets',
    description: 'Print the secrets of a new cluster, each time others, for kubectl create.',
    examples: ['render secrets | kubectl create -f -'],
    run: async () => void process.stdout.write(await clusterSecrets()),
  }),
]

function readCount(option: string) {
  return (given: string): number => {
    const number = Number(given)
    if (!Number.isInteger(number) || number < 1) throw new ConfigError(`${option} must be a whole number of at least 1`)
    return number
  }
}

interface RenderOptions {
  readonly check: boolean
  readonly openfaas: 'ce' | 'pro'
  readonly target: Target | undefined
  readonly pool: number | undefined
  readonly 'max-connections': number | undefined
  readonly json: boolean
}

async function renderProject(project: string, options: RenderOptions) {
  const { check, target, json } = options
  const gap = await describeVersionGap(project)
  if (gap && check) throw new ConfigError(gap)
  const before = gap && (await readRenderedVersion(project))
  const files = await renderFiles(project, options)
  const differences = await compareFiles(project, files, target ? [`targets/${target}`] : ['k8s', VALUES_FOLDER])
  const { missing, changed, left } = differences
  const isSame = missing.length + changed.length + left.length === 0
  if (!check) await writeRendered(project, files, differences)
  if (json) {
    printJson(check ? { ok: isSame, ...differences } : { wrote: [...missing, ...changed].sort(), removed: left })
    if (check && !isSame) process.exitCode = 1
    return
  }
  const command = target ? `npx ebb render --target ${target}` : 'npm run render'
  if (check && !isSame)
    throw new ConfigError([...describeDifferences(differences), `To update them: ${command}`].join('\n'))
  if (check) return
  for (const name of [...missing, ...changed].sort()) printLine(`wrote ${name}`)
  for (const name of left) printLine(`removed ${name}`)
  if (isSame) printLine(`All ${Object.keys(files).length} files are as the contracts say.`)
  if (gap) printLine(`What else this version needs changed: npx ebb upgrade --apply ${before}`)
}

type Files = Readonly<Record<string, string>>

async function renderFiles(project: string, options: RenderOptions): Promise<Files> {
  const { target, openfaas, pool: poolMax, 'max-connections': maxConnections } = options
  const contracts = await importContracts(project)
  const names = Object.values(contracts)
    .filter(isFunction)
    .map(({ name }) => name)
  const uses = await importUses(project, names)
  const chart = readChart(PLATFORM)
  if (target) return renderTarget(target, contracts, { uses, chart, poolMax: poolMax ?? chart.allFunctions.poolMax })
  const rendered = render(contracts, {
    ...{ services: SERVICES, openfaas, chart, uses },
    ...(poolMax === undefined ? {} : { poolMax }),
    ...(maxConnections === undefined ? {} : { maxConnections }),
  })
  return { ...readPlatformCopies(PLATFORM, project), ...rendered, ...(await environmentFiles(project, contracts)) }
}

/** How the files of a project differ from what is rendered. */
interface Differences {
  readonly missing: readonly string[]
  readonly changed: readonly string[]
  /** Those that belong to no contract any more. */
  readonly left: readonly string[]
}

/** Writes the files that differ, and removes those of functions that are gone. */
async function writeRendered(project: string, files: Files, { missing, changed, left }: Differences) {
  for (const name of [...missing, ...changed]) {
    await mkdir(dirname(join(project, name)), { recursive: true })
    await writeFile(join(project, name), files[name] ?? '')
  }
  for (const name of left) await rm(join(project, name))
}

/** A sentence for each file that differs from what is rendered from the contracts. */
const describeDifferences = ({ missing, changed, left }: Differences): readonly string[] =>
  [
    ...missing.map((name) => `${name} is missing`),
    ...changed.map((name) => `${name} differs from what the contracts say`),
    ...left.map((name) => `${name} belongs to no contract any more`),
  ].sort()

/** `folders` have files with the header: those that no contract asks for any more are `left`. */
async function compareFiles(project: string, files: Files, folders: readonly string[]): Promise<Differences> {
  const found = { missing: [] as string[], changed: [] as string[], left: [] as string[] }
  for (const [name, text] of Object.entries(files)) {
    const there = await readIfThere(join(project, name))
    if (there === undefined) found.missing.push(name)
    else if (there !== text) found.changed.push(name)
  }
  for (const name of (await Promise.all(folders.map((folder) => filesIn(project, folder)))).flat()) {
    if (Object.hasOwn(files, name)) continue
    if ((await readFile(join(project, name), 'utf8')).startsWith(HEADER)) found.left.push(name)
  }
  return found
}

const filesIn = async (project: string, folder: string): Promise<readonly string[]> => {
  const entries = await readdir(join(project, folder), { recursive: true, withFileTypes: true }).catch(ifAbsent([]))
  const base = join(project, '/')
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(base.length))
}

const readIfThere = (file: string): Promise<string | undefined> => readFile(file, 'utf8').catch(ifAbsent(undefined))

const ifAbsent =
  <Value>(value: Value) =>
  (error: unknown): Value => {
    if (Object(error).code !== 'ENOENT') throw error
    return value
  }
