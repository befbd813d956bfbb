import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { type AnyContract, emitsOf } from '../contract/index.ts'
import type { WaitingCounts } from '../data/queue/backlog.ts'
import { tryContracts } from '../deploy/import-sources.ts'
import { findFunctions } from '../deploy/index.ts'
import { waitForReload } from '../dev/announcement.ts'
import { ConfigError } from '../kernel/index.ts'
import * as endpoints from '../protocol/admin/events.ts'
import { callAdmin } from './admin-client.ts'
import { printJson, printLine } from './command.ts'
import { type Form, form, JSON_OPTION } from './form.ts'

export const removeCommand: readonly Form[] = [
  form({
    description: 'Delete a function, unless another part of the checkout needs it.',
    arguments: {
      name: { value: 'NAME', required: true, completes: 'function', description: 'The function to delete.' },
    },
    options: { force: { description: 'Delete it anyway, and list what needs it.' }, json: JSON_OPTION },
    examples: ['remove say-hello'],
    run: (project, { name, ...options }) => removeFunction(project, name, options),
  }),
]

async function removeFunction(
  project: string,
  name: string,
  { force, json }: { readonly force: boolean; readonly json: boolean },
) {
  await assertFunction(project, name)
  const contracts = Object.values((await tryContracts(project)).contracts)
  const orphans = findOrphanedSubscribers(contracts, name)
  const judged = findJudgedEndpoints(contracts, name)
  const imports = await findImports(project, name)
  const mentions = await findMentions(project, name)
  const lines = [
    ...orphans.map((other) => `  functions/${other}  subscribes to what only ${name} emits`),
    ...judged.map((other) => `  functions/${other}  asks ${name} who calls`),
    ...imports.map(({ file, line, text }) => `  ${file}:${line}  ${text}`),
  ]
  if (lines.length > 0 && !force) {
    throw new ConfigError(`${name} stays, since these need it (--force removes it anyway):\n${lines.join('\n')}`)
  }
  await rm(join(project, 'functions', name), { recursive: true })
  await waitForReload(project, name, { isServed: false })
  const waiting = await countWaiting(project, name)
  if (json) return printJson({ function: name, orphans, judged, imports, mentions, waiting })
  const notes = [
    ...(lines.length > 0 ? ['What needs it:', ...lines] : []),
    ...describeWaiting(name, waiting),
    ...(mentions.length > 0 ? [`Its name is still in ${mentions.join(', ')}.`] : []),
  ]
  printLine([`functions/${name} is removed`, ...notes].join('\n'))
}

/** A line that imports from a function. */
interface ImportLine {
  readonly file: string
  readonly line: number
  readonly text: string
}

/** The team's own files. */
const SEARCHED = ['functions', 'domain', 'test', 'docs', 'README.md']

/** Throws a ConfigError if no function has this name. */
async function assertFunction(project: string, name: string): Promise<void> {
  const isName = /^[a-z][a-z0-9-]*$/.test(name)
  if (isName && (await stat(join(project, 'functions', name)).catch(() => undefined))) return
  const names = await findFunctions(project)
  throw new ConfigError(`there is no function ${name}; there are ${names.join(', ') || 'none'}`)
}

/** The lines of the checkout that import from its folder. */
const findImports = (project: string, name: string): Promise<readonly ImportLine[]> =>
  search(project, name, (text, file) => {
    const [, from = ''] = /\b(?:from|import)\b\s*\(?\s*['"]([^'"]+)['"]/.exec(text) ?? []
    return file.endsWith('.ts') && from.split('/').includes(name)
  })

/** The files that mention it as a whole word, without importing it. */
async function findMentions(project: string, name: string): Promise<readonly string[]> {
  const word = new RegExp(`(^|[^a-z0-9-])${name}($|[^a-z0-9-])`)
  const found = await search(project, name, (text) => word.test(text))
  const needed = new Set((await findImports(project, name)).map(({ file }) => file))
  return [...new Set(found.map(({ file }) => file))].filter((file) => !needed.has(file))
}

async function search(project: string, name: string, matches: (text: string, file: string) => boolean) {
  const own = join(project, 'functions', name)
  const files = (await Promise.all(SEARCHED.map((part) => filesUnder(join(project, part))))).flat()
  const found = files
    .filter((file) => !file.startsWith(`${own}/`) && /\.(ts|md|sql|json)$/.test(file))
    .map(async (path): Promise<readonly ImportLine[]> => {
      const lines = (await readFile(path, 'utf8')).split('\n')
      const file = relative(project, path)
      return lines.flatMap((text, i) => (matches(text, file) ? [{ file, line: i + 1, text: text.trim() }] : []))
    })
  return (await Promise.all(found)).flat()
}

/** The subscribers of events that only this function emits. */
function findOrphanedSubscribers(contracts: readonly AnyContract[], name: string): readonly string[] {
  const others = contracts.filter((contract) => contract.name !== name)
  const lost = emittedBy(contracts.find((contract) => contract.name === name)).filter(
    (type) => !others.some((other) => emittedBy(other).includes(type)),
  )
  return others.flatMap((other) => (other.kind === 'subscriber' && lost.includes(other.on.type) ? [other.name] : []))
}

/** The endpoints whose authorizer this function is. */
const findJudgedEndpoints = (contracts: readonly AnyContract[], name: string): readonly string[] =>
  contracts.flatMap((other) => (other.kind === 'endpoint' && other.access.authorizer === name ? [other.name] : []))

const emittedBy = (contract: AnyContract | undefined) => Object.keys(contract ? emitsOf(contract) : {})

async function filesUnder(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => undefined)
  if (!found) return []
  if (found.isFile()) return [path]
  const entries = await readdir(path, { withFileTypes: true, recursive: true })
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}

/** The deliveries and invocations that still wait for a removed function; none if no Ebb runs. */
async function countWaiting(project: string, name: string): Promise<WaitingCounts> {
  const query = { function: name }
  const waiting = await callAdmin(project, endpoints.countWaiting, { query }).catch(() => undefined)
  return { deliveries: 0, invocations: 0, ...waiting }
}

function describeWaiting(name: string, { deliveries, invocations }: WaitingCounts): readonly string[] {
  return [
    ...(deliveries > 0
      ? [
          `${plural(deliveries, 'event waits', 'events wait')} for it, and will go to the dead letters. For another subscriber:`,
          `  npx ebb events redrive --consumer ${name} --to NAME`,
        ]
      : []),
    ...(invocations > 0
      ? [`${plural(invocations, 'asynchronous call waits', 'asynchronous calls wait')} for it, and will fail.`]
      : []),
  ]
}

const plural = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`
