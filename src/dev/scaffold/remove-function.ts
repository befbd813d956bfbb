import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AnyContract } from '../../contract/index.ts'
import { findFunctions } from '../../deploy/index.ts'
import { ConfigFault } from '../../kernel/index.ts'

/** A place that still names a function. */
export interface Reference {
  readonly file: string
  readonly line: number
  readonly text: string
}

/** What a team writes; the platform itself knows no function. */
const SEARCHED = ['functions', 'domain', 'test', 'docs', 'README.md']

/** Where the rest of the checkout names a function: as a word of its own. */
export async function referencesTo(root: string, name: string): Promise<readonly Reference[]> {
  const own = join(root, 'functions', name)
  const word = new RegExp(`(^|[^a-z0-9-])${name}($|[^a-z0-9-])`)
  const files = (await Promise.all(SEARCHED.map((part) => filesUnder(join(root, part))))).flat()
  const found = files
    .filter((file) => !file.startsWith(`${own}/`) && /\.(ts|md|sql|json)$/.test(file))
    .map(async (file) => {
      const lines = (await readFile(file, 'utf8')).split('\n')
      return lines.flatMap((text, i) =>
        word.test(text) ? [{ file: relative(root, file), line: i + 1, text: text.trim() }] : [],
      )
    })
  return (await Promise.all(found)).flat()
}

/** The subscribers that would hear nothing any more: of events that only this function emits. */
export async function deafenedBy(root: string, name: string): Promise<readonly string[]> {
  const contracts = await Promise.all((await findFunctions(root)).map((one) => readContract(root, one)))
  const others = contracts.filter((contract) => contract.name !== name)
  const lost = Object.keys(contracts.find((contract) => contract.name === name)?.emits ?? {}).filter(
    (type) => !others.some(({ emits = {} }) => type in emits),
  )
  return others.flatMap((other) => (other.kind === 'subscriber' && lost.includes(other.on.type) ? [other.name] : []))
}

async function readContract(root: string, name: string): Promise<AnyContract> {
  const url = pathToFileURL(join(root, 'functions', name, 'contract.ts'))
  const { default: contract }: { default: AnyContract } = await import(url.href)
  return contract
}

async function filesUnder(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => undefined)
  if (!found) return []
  if (found.isFile()) return [path]
  const entries = await readdir(path, { withFileTypes: true, recursive: true })
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}

/** Deletes the folder of a function. */
export async function removeFunction(root: string, name: string): Promise<void> {
  const folder = join(root, 'functions', name)
  const found = /^[a-z][a-z0-9-]*$/.test(name) && (await stat(join(folder, 'contract.ts')).catch(() => undefined))
  if (!found) throw new ConfigFault(`there is no function ${name}`)
  await rm(folder, { recursive: true })
}
