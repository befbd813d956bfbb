import { existsSync } from 'node:fs'
import { cp, readdir, rm } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { PLATFORM, PLATFORM_PACKAGE } from '../deploy/platform-files.ts'
import { ConfigError } from '../kernel/index.ts'
import { CONFORMANCE_CONTRACTS } from './conformance-contracts.ts'

const FOLDER = 'src/conformance/functions'
/** A package may have what is compiled of them beside them. */
const SOURCE = /(?<!\.d)\.ts$/

/** The names of the conformance functions, which no team gives its own. */
export const CONFORMANCE_FUNCTIONS: readonly string[] = CONFORMANCE_CONTRACTS.map(({ name }) => name).sort()

/** The folder that has their sources. */
export function conformanceSources(): string {
  const folders = [PLATFORM, join(PLATFORM_PACKAGE, 'source')].map((root) => join(root, FOLDER))
  const found = folders.find((folder) => existsSync(join(folder, 'conformance-write/contract.ts')))
  if (!found) throw new ConfigError(`the conformance functions are in none of ${folders.join(', ')}; install ebb again`)
  return found
}

/** Writes the conformance functions into a project, over those of another version. Returns their folders. */
export async function addConformanceFunctions(project: string): Promise<readonly string[]> {
  const sources = conformanceSources()
  await removeConformanceFunctions(project)
  for (const name of CONFORMANCE_FUNCTIONS) {
    const filter = (path: string) => !extname(path) || SOURCE.test(path)
    await cp(join(sources, name), join(project, 'functions', name), { recursive: true, filter })
  }
  return CONFORMANCE_FUNCTIONS.map(folderOf)
}

/** Takes them away again. Returns the folders that were there. */
export async function removeConformanceFunctions(project: string): Promise<readonly string[]> {
  const there = await readdir(join(project, 'functions')).catch((): string[] => [])
  const names = CONFORMANCE_FUNCTIONS.filter((name) => there.includes(name))
  for (const name of names) await rm(join(project, 'functions', name), { recursive: true })
  return names.map(folderOf)
}

const folderOf = (name: string) => `functions/${name}`
