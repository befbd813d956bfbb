import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { SERVICES } from '../build/build-image.ts'
import { importContracts, importUses } from '../deploy/import-sources.ts'
import { PLATFORM } from '../deploy/platform-files.ts'
import { clusterSecrets, HEADER, readChart, readPlatformCopies, render } from '../deploy/render/index.ts'
import { ConfigError } from '../kernel/index.ts'
import { describeVersionGap, readRenderedVersion } from '../project/rendered-version.ts'
import { type Command, printLine, text, usageError } from './command.ts'

export const renderCommand: Command = {
  usage: ['render [--check] [--openfaas ce|pro] [--pool N] [--max-connections N]', 'render secrets'],
  description:
    'render the files for clusters from the contracts; with `secrets`, print those of a new cluster (npm run render)',
  run: async (project, args) => {
    const { values, positionals } = parseArgs({
      ...{ args: [...args], allowPositionals: true },
      options: { check: { type: 'boolean' }, openfaas: text, pool: text, 'max-connections': text },
    })
    const [verb, ...others] = positionals
    if (verb === 'secrets' && others.length === 0) return void process.stdout.write(await clusterSecrets())
    if (verb !== undefined) throw usageError(renderCommand)
    const { openfaas = 'ce', pool, 'max-connections': maxConnections } = values
    if (openfaas !== 'ce' && openfaas !== 'pro') throw usageError(renderCommand)
    const gap = await describeVersionGap(project)
    if (gap && values.check) throw new ConfigError(gap)
    const contracts = await importContracts(project)
    const rendered = render(contracts, {
      ...{ services: SERVICES, openfaas, chart: readChart(PLATFORM) },
      uses: await importUses(project, Object.keys(contracts)),
      ...(pool === undefined ? {} : { poolMax: positiveInteger('--pool', pool) }),
      ...(maxConnections === undefined ? {} : { maxConnections: positiveInteger('--max-connections', maxConnections) }),
    })
    const files = { ...readPlatformCopies(PLATFORM, project), ...rendered }
    if (!values.check) {
      const before = await readRenderedVersion(project)
      for (const line of await writeRendered(project, files)) printLine(line)
      if (gap) printLine(`What else this version needs changed: npx ebb upgrade --apply ${before}`)
      return
    }
    const differences = await compareRendered(project, files)
    if (differences.length > 0) throw new ConfigError([...differences, 'To update them: npm run render'].join('\n'))
  },
}

function positiveInteger(option: string, given: string): number {
  const number = Number(given)
  if (!Number.isInteger(number) || number < 1) throw new ConfigError(`${option} must be a whole number of at least 1`)
  return number
}

type Files = Readonly<Record<string, string>>

/** Folders in which files with the header are rendered: those that no contract asks for any more are removed. */
const FOLDERS = ['k8s']

/** Writes the files that differ, removes those of functions that are gone, and returns a line for each. */
async function writeRendered(project: string, files: Files): Promise<readonly string[]> {
  const { missing, changed, left } = await compareFiles(project, files)
  for (const name of [...missing, ...changed]) {
    await mkdir(dirname(join(project, name)), { recursive: true })
    await writeFile(join(project, name), files[name] ?? '')
  }
  for (const name of left) await rm(join(project, name))
  const total = Object.keys(files).length
  const lines = [
    ...[...missing, ...changed].sort().map((name) => `wrote ${name}`),
    ...left.map((name) => `removed ${name}`),
  ]
  return lines.length > 0 ? lines : [`All ${total} files are as the contracts say.`]
}

/** A sentence for each file that differs from what is rendered from the contracts. */
async function compareRendered(project: string, files: Files): Promise<readonly string[]> {
  const { missing, changed, left } = await compareFiles(project, files)
  return [
    ...missing.map((name) => `${name} is missing`),
    ...changed.map((name) => `${name} differs from what the contracts say`),
    ...left.map((name) => `${name} belongs to no contract any more`),
  ].sort()
}

async function compareFiles(project: string, files: Files) {
  const found = { missing: [] as string[], changed: [] as string[], left: [] as string[] }
  for (const [name, text] of Object.entries(files)) {
    const there = await readIfThere(join(project, name))
    if (there === undefined) found.missing.push(name)
    else if (there !== text) found.changed.push(name)
  }
  for (const folder of FOLDERS) {
    for (const name of await filesIn(project, folder)) {
      if (Object.hasOwn(files, name)) continue
      if ((await readFile(join(project, name), 'utf8')).startsWith(HEADER)) found.left.push(name)
    }
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
