import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  chown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { fillCluster, type Passwords } from './fill-cluster.ts'
import { explainFault, PostgresFault } from './postgres-fault.ts'
import type { RunAs } from './run-as.ts'

/** Data of a Postgres and the passwords that open it. */
export interface Cluster {
  data: string
  passwords: Passwords
}

/** Where data of `nobody` live: that user cannot reach a folder below somebody's closed home. */
export const nobodyHome = '/var/lib/ebb'

/**
 * Opens `folder`/cluster, made on first use. It is a folder, or (for nobody) a link to one below /var/lib/ebb; in it are
 * data/ and passwords.json. It appears whole or not at all.
 */
export async function openCluster(
  folder: string,
  binaries: Binaries,
  runAs: RunAs,
  signal: AbortSignal,
): Promise<Cluster> {
  const path = join(folder, 'cluster')
  if (!existsSync(path)) await createCluster(path, binaries, runAs, signal)
  const home = await realpath(path)
  const version = (await readFile(join(home, 'data/PG_VERSION'), 'utf8')).trim()
  const ours = binaries.version.split('.')[0] ?? ''
  if (/^\d+$/.test(version) && version !== ours) {
    throw new PostgresFault(
      `The data of ${folder} were made by Postgres ${version}, and this is Postgres ${ours}: dump them with the old version and load them into a new folder, or delete ${path} to begin with an empty database.`,
    )
  }
  const passwords: Passwords = JSON.parse(await readFile(join(home, 'passwords.json'), 'utf8'))
  return { data: join(home, 'data'), passwords }
}

async function createCluster(path: string, binaries: Binaries, runAs: RunAs, signal: AbortSignal): Promise<void> {
  const { uid, gid } = runAs.ids
  const parent = uid === undefined ? dirname(path) : join(nobodyHome, hash(dirname(path)))
  await mkdir(parent, { recursive: true, mode: 0o755 })
  // Whoever made these was killed; the claim on the folder says that no one else is at it.
  for (const name of await readdir(parent)) {
    if (name.startsWith('partial-')) await rm(join(parent, name), { recursive: true, force: true, maxRetries: 5 })
  }
  const partial = await mkdtemp(join(parent, 'partial-'))
  try {
    if (uid !== undefined && gid !== undefined) await chown(partial, uid, gid)
    const passwords = { postgres: randomBytes(24).toString('base64url'), ebb: randomBytes(24).toString('base64url') }
    await fillCluster(join(partial, 'data'), binaries, runAs, passwords, signal)
    await writeFile(join(partial, 'passwords.json'), JSON.stringify(passwords), { mode: 0o600, flush: true })
    await syncFolder(partial)
    await putInPlace(partial, path)
  } catch (cause) {
    await rm(partial, { recursive: true, force: true, maxRetries: 5 })
    signal.throwIfAborted()
    throw explainFault(cause, dirname(path))
  }
}

async function putInPlace(partial: string, path: string): Promise<void> {
  if (dirname(partial) === dirname(path)) {
    await rename(partial, path)
  } else {
    const home = partial.replace(/partial-(\w+)$/, 'cluster-$1')
    await rename(partial, home)
    await syncFolder(dirname(home))
    await rm(path, { force: true }) // a link that points nowhere
    await symlink(home, path)
  }
  await syncFolder(dirname(path))
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  await folder.sync()
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
