import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ConfigError } from '../kernel/index.ts'
import { DISK_FULL, downloadPackage, PACKAGE } from './npm.ts'
import { readPackedVersion } from './packed-ebb.ts'
import { runInProject } from './run-in-project.ts'
import { isDiskFull } from './run-program.ts'

/** A packed platform that was unpacked. */
export interface PackedPlatform {
  readonly version: string
  /** The packed file. */
  readonly file: string
  /** The folder of its package.json. */
  readonly folder: string
}

/** Where a packed platform comes from: a version of the registry, or a file. */
export type PackedSource = { readonly version: string } | { readonly file: string }

/** Unpacks a packed platform below `into`, which it empties first. Throws a ConfigError of one sentence. */
export async function unpackPlatform(project: string, source: PackedSource, into: string): Promise<PackedPlatform> {
  const folder = join(into, 'package')
  await rm(into, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const file = join(into, await fetchFile(project, source, into))
  const given = 'file' in source ? source.file : file
  const version = readPackedVersion(given, await readFile(file))
  const { code, stderr } = await runInProject(project, 'tar', ['-xzf', file, '-C', folder, '--strip-components=1'])
  if (isDiskFull(stderr)) throw new ConfigError(DISK_FULL)
  if (code !== 0) throw new ConfigError(`${given} cannot be unpacked: ${stderr.trim().split('\n')[0]}`)
  // Other packages may have this name.
  if (!existsSync(join(folder, 'source/package.json'))) {
    throw new ConfigError(`${given} is a package called ${PACKAGE}, and not of this Ebb: it has no sources in it`)
  }
  return { version, file, folder }
}

async function fetchFile(project: string, source: PackedSource, into: string): Promise<string> {
  if ('version' in source) return downloadPackage(project, source.version, into)
  const name = basename(source.file)
  await copyFile(source.file, join(into, name)).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOSPC') throw new ConfigError(DISK_FULL, { cause })
    const what = cause.code === 'ENOENT' ? 'there is no file' : `${cause.code}: the file cannot be copied:`
    throw new ConfigError(`${what} ${source.file}`, { cause })
  })
  return name
}

/** The versions of other packages that a project has with a version of Ebb, as `ebb create` writes them. */
export interface ProjectDependencies {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

/** Reads them from an unpacked platform, or an installed one; none from one that does not say. */
export async function readProjectDependencies(folder: string): Promise<ProjectDependencies> {
  for (const root of ['', 'dist', 'source']) {
    const text = await readFile(join(folder, root, PROJECT_DEPENDENCIES), 'utf8').catch(() => undefined)
    if (text !== undefined) return JSON.parse(text)
  }
  return { dependencies: {}, devDependencies: {} }
}

const PROJECT_DEPENDENCIES = 'src/project/project-dependencies.json'
