import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../kernel/index.ts'

/** The parts of a package.json that are read or written here. */
export interface Manifest {
  readonly version?: string
  readonly name?: string
  readonly bin?: string | Readonly<Record<string, string>>
  readonly workspaces?: readonly string[] | { readonly packages?: readonly string[] }
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly [part: string]: unknown
}

/** Reads the package.json of a folder. Throws a ConfigError if there is none, or if it is not JSON. */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = join(folder, 'package.json')
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError(`${file} cannot be read: ${cause.code}`, { cause })
  })
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ConfigError(`${file} is not JSON: ${(cause as Error).message}`, { cause })
  }
}

/** Writes a package.json, completely or not at all, with the indentation and the last line end that it had. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const file = join(folder, 'package.json')
  const before = await readFile(file, 'utf8').catch(() => '{\n  \n}\n')
  const indentation = /^\{\r?\n([ \t]+)/.exec(before)?.[1] ?? '  '
  const text = JSON.stringify(manifest, undefined, indentation) + (/\n$/.exec(before)?.[0] ?? '')
  if (text === before) return
  try {
    await writeFile(`${file}.new`, text)
    await rename(`${file}.new`, file)
  } catch (cause) {
    await rm(`${file}.new`, { force: true })
    throw cause
  }
}
