import { readFile, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ConfigError } from '../../kernel/config-error.ts'
import type { ProjectSettings } from './project-files.ts'

/** The file that a project has until it is whole: with its settings, so that it can go on after an interruption. Git ignores it. */
export const MARKER = '.ebb/create.json'

/** Whether a folder holds a project that was begun. Throws a ConfigError if it was begun with other settings. */
export async function isBegun(folder: string, settings: ProjectSettings): Promise<boolean> {
  const text = await readFile(join(folder, MARKER), 'utf8').catch(() => undefined)
  if (text === undefined) return false
  if (text === describeBegun(settings)) return true
  throw new ConfigError(`${folder} was begun with other options, ${text}: repeat those, or delete it and start again`)
}

/** The content of MARKER. */
export const describeBegun = ({ name, example, dependency, ci = 'github' }: ProjectSettings): string =>
  JSON.stringify({ name, example, ebb: dependency, ...(ci === 'github' ? {} : { ci }) })

/** Says that a project is whole. */
export async function endBegun(folder: string): Promise<void> {
  await rm(join(folder, MARKER), { force: true })
  // An Ebb that runs keeps its data there.
  await rmdir(dirname(join(folder, MARKER))).catch(() => {})
}
