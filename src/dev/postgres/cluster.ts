import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
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
import { text } from 'node:stream/consumers'
import { CLEAN_ENV, startProgram } from '../processes/start-child.ts'
import type { Binaries } from './binaries.ts'
import { explainError, PostgresError } from './postgres-error.ts'
import type { RunAs } from './run-as.ts'

/** The data of a Postgres, and its passwords. */
export interface Cluster {
  data: string
  passwords: Passwords
}

/** The folder for data of the user `nobody`, who cannot reach a folder in another user's closed home. */
export const NOBODY_DATA_DIR = '/var/lib/ebb'

/**
 * Finds `folder`/cluster, or creates it on first use. It is a folder, or (for the user nobody) a link to one below
 * /var/lib/ebb, that holds data/ and passwords.json. It appears completely or not at all.
 */
export async function ensureCluster(
  folder: string,
  binaries: Binaries,
  runAs: RunAs,
  signal: AbortSignal,
): Promise<Cluster> {
  const path = join(folder, 'cluster')
  if (!existsSync(path)) await makeCluster(path, binaries, runAs, signal)
  const home = await realpath(path)
  const version = (await readFile(join(home, 'data/PG_VERSION'), 'utf8')).trim()
  const ours = binaries.version.split('.')[0] ?? ''
  if (/^\d+$/.test(version) && version !== ours) {
    throw new PostgresError(
      `The data of ${folder} were made by Postgres ${version}, and this is Postgres ${ours}: dump them with the old version and load them into a new folder, or delete ${path} to begin with an empty database.`,
    )
  }
  const passwords: Passwords = JSON.parse(await readFile(join(home, 'passwords.json'), 'utf8'))
  return { data: join(home, 'data'), passwords }
}

async function makeCluster(path: string, binaries: Binaries, runAs: RunAs, signal: AbortSignal): Promise<void> {
  const { uid, gid } = runAs.ids
  const parent = uid === undefined ? dirname(path) : join(NOBODY_DATA_DIR, hash(dirname(path)))
  await mkdir(parent, { recursive: true, mode: 0o755 })
  // Left by a killed runner; the claim on the folder guarantees that no other runner uses them.
  for (const name of await readdir(parent)) {
    if (name.startsWith('partial-')) await rm(join(parent, name), { recursive: true, force: true, maxRetries: 5 })
  }
  const partial = await mkdtemp(join(parent, 'partial-'))
  try {
    if (uid !== undefined && gid !== undefined) await chown(partial, uid, gid)
    const passwords = { postgres: randomBytes(24).toString('base64url'), ebb: randomBytes(24).toString('base64url') }
    await initialiseCluster(join(partial, 'data'), binaries, runAs, passwords, signal)
    await writeFile(join(partial, 'passwords.json'), JSON.stringify(passwords), { mode: 0o600, flush: true })
    await syncFolder(partial)
    await putInPlace(partial, path)
  } catch (cause) {
    await rm(partial, { recursive: true, force: true, maxRetries: 5 })
    signal.throwIfAborted()
    throw explainError(cause, dirname(path))
  }
}

async function putInPlace(partial: string, path: string): Promise<void> {
  if (dirname(partial) === dirname(path)) {
    await rename(partial, path)
  } else {
    const home = partial.replace(/partial-(\w+)$/, 'cluster-$1')
    await rename(partial, home)
    await syncFolder(dirname(home))
    await rm(path, { force: true }) // a dangling link
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

interface Passwords {
  postgres: string
  ebb: string
}

/** Creates the data folder with the role and the database ebb; resolves when everything is on disk. */
async function initialiseCluster(
  data: string,
  binaries: Binaries,
  runAs: RunAs,
  passwords: Passwords,
  signal: AbortSignal,
): Promise<void> {
  await initdb(data, binaries, runAs, signal)
  await writeFile(join(data, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n', { flush: true })
  // A single-user server that listens nowhere: the passwords are set before the first port opens.
  await runSql(data, binaries, runAs, signal, [
    `ALTER ROLE postgres PASSWORD '${passwords.postgres}'`,
    `CREATE ROLE ebb LOGIN CREATEDB PASSWORD '${passwords.ebb}'`,
    'CREATE DATABASE ebb OWNER ebb',
  ])
}

async function initdb(data: string, binaries: Binaries, runAs: RunAs, signal: AbortSignal): Promise<void> {
  const output: string[] = []
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const command = [join(binaries.folder, 'bin/initdb'), '-D', data, '-U', 'postgres', '--auth=reject', ...locale]
  const program = await startProgram([...runAs.prefix, ...command, '--no-instructions'], {
    ids: runAs.ids,
    onLine: (line) => output.push(line),
  })
  if (signal.aborted) program.disconnect()
  signal.addEventListener('abort', program.disconnect, { once: true })
  const { code } = await program.closed
  signal.removeEventListener('abort', program.disconnect)
  signal.throwIfAborted()
  if (code !== 0) throw new Error(output.join('\n') || `initdb ended with ${code}`)
}

async function runSql(data: string, binaries: Binaries, runAs: RunAs, signal: AbortSignal, statements: string[]) {
  const postgres = [join(binaries.folder, 'bin/postgres'), '--single', '-D', data, '-c', 'exit_on_error=on', 'postgres']
  const [command = '', ...args] = [...runAs.prefix, ...postgres]
  const child = spawn(command, args, { ...runAs.ids, cwd: '/', env: CLEAN_ENV, detached: true, signal })
  child.stdout.resume()
  child.stdin.on('error', () => {}) // it may end before it has read everything
  child.stdin.end(`${statements.join('\n')}\n`)
  const [output, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  if (code !== 0) throw new Error(output || `postgres --single ended with ${code}`)
}
