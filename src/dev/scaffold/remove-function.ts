import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { findFunctions } from '../../deploy/index.ts'
import { ConfigFault } from '../../kernel/index.ts'
import { tryContracts } from '../import-contracts.ts'

/** A line that does not work without a function. */
export interface Import {
  readonly file: string
  readonly line: number
  readonly text: string
}

/** Where a team writes. */
const SEARCHED = ['functions', 'domain', 'test', 'docs', 'README.md']

/** Refuses, in one sentence, a name that no function has. */
export async function assertFunction(root: string, name: string): Promise<void> {
  const isName = /^[a-z][a-z0-9-]*$/.test(name)
  if (isName && (await stat(join(root, 'functions', name)).catch(() => undefined))) return
  const names = await findFunctions(root)
  throw new ConfigFault(`there is no function ${name}; there are ${names.join(', ') || 'none'}`)
}

/** Where the rest of the checkout imports from its folder. */
export const importsOf = (root: string, name: string): Promise<readonly Import[]> =>
  search(root, name, (text, file) => {
    const [, from = ''] = /\b(?:from|import)\b\s*\(?\s*['"]([^'"]+)['"]/.exec(text) ?? []
    return file.endsWith('.ts') && from.split('/').includes(name)
  })

/** The files that name it as a word of its own, without needing it. */
export async function mentionsOf(root: string, name: string): Promise<readonly string[]> {
  const word = new RegExp(`(^|[^a-z0-9-])${name}($|[^a-z0-9-])`)
  const found = await search(root, name, (text) => word.test(text))
  const needed = new Set((await importsOf(root, name)).map(({ file }) => file))
  return [...new Set(found.map(({ file }) => file))].filter((file) => !needed.has(file))
}

async function search(root: string, name: string, isMeant: (text: string, file: string) => boolean) {
  const own = join(root, 'functions', name)
  const files = (await Promise.all(SEARCHED.map((part) => filesUnder(join(root, part))))).flat()
  const found = files
    .filter((file) => !file.startsWith(`${own}/`) && /\.(ts|md|sql|json)$/.test(file))
    .map(async (path): Promise<readonly Import[]> => {
      const lines = (await readFile(path, 'utf8')).split('\n')
      const file = relative(root, path)
      return lines.flatMap((text, i) => (isMeant(text, file) ? [{ file, line: i + 1, text: text.trim() }] : []))
    })
  return (await Promise.all(found)).flat()
}

/** The subscribers that would hear nothing any more: of events that only this function emits. */
export async function deafenedBy(root: string, name: string): Promise<readonly string[]> {
  const contracts = Object.values((await tryContracts(root)).contracts)
  const others = contracts.filter((contract) => contract.name !== name)
  const lost = Object.keys(contracts.find((contract) => contract.name === name)?.emits ?? {}).filter(
    (type) => !others.some(({ emits = {} }) => type in emits),
  )
  return others.flatMap((other) => (other.kind === 'subscriber' && lost.includes(other.on.type) ? [other.name] : []))
}

async function filesUnder(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => undefined)
  if (!found) return []
  if (found.isFile()) return [path]
  const entries = await readdir(path, { withFileTypes: true, recursive: true })
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}

/** Deletes the folder of a function. */
export const removeFunction = (root: string, name: string): Promise<void> =>
  rm(join(root, 'functions', name), { recursive: true })
