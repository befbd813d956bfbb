import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../../kernel/index.ts'
import { OWNED } from '../checkpoint.ts'
import { PACKAGE } from '../npm.ts'
import type { PackedSource } from '../packed-platform.ts'

/** Where the platform's sources in `./ebb` were taken from. */
export interface Origin {
  readonly version: string
  /** What package.json said: a version, or `file:vendor/ebb-<version>.tgz`. */
  readonly dependency: string
}

/** The file in the owned platform that says so. */
export const ORIGIN = '.ebb-origin'

/** Reads the origin of a project's owned platform; undefined if it has none. */
export async function readOrigin(project: string): Promise<Origin | undefined> {
  const file = join(project, OWNED, ORIGIN)
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ConfigError(`${file} is not JSON: git checkout -- ${OWNED}/${ORIGIN} brings it back`, { cause })
  }
}

/** Writes it into a folder. */
export const writeOrigin = (folder: string, origin: Origin): Promise<void> =>
  writeFile(join(folder, ORIGIN), `${JSON.stringify(origin, undefined, 2)}\n`)

/** Where the package of a dependency is: in a file, or in the registry. Throws a ConfigError for what is neither. */
export function sourceOf(project: string, { version, dependency }: Origin): PackedSource {
  if (!dependency.startsWith('file:')) return { version }
  const file = dependency.slice('file:'.length)
  if (/\.t(ar\.)?gz$/.test(file)) return { file: join(project, file) }
  throw new ConfigError(`package.json: ${PACKAGE} is the folder ${file}; give it a version or a packed file`)
}
