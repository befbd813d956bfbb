import { execFile } from 'node:child_process'
import { lstat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CLEAN_ENV } from '../processes/start-child.ts'
import { PostgresError } from './postgres-error.ts'

/** The user that Postgres runs as: the prefix of each command, and the ids to spawn it with (default: our own). */
export interface RunAs {
  prefix: readonly string[]
  ids: { uid?: number; gid?: number }
}

const execute = promisify(execFile)
const USER_NAMESPACE = ['unshare', '--user', '--map-user=65534', '--map-group=65534', '--']

/**
 * Postgres refuses root, and a uid without a name (docker run --user): both use a user namespace. If the machine allows none, or
 * the files are out of its reach, root uses `nobody`.
 */
export async function chooseRunAs(folder: string, postgres: string): Promise<RunAs> {
  const uid = process.getuid?.()
  const cluster = await lstat(join(folder, 'cluster')).catch(() => undefined)
  if (cluster && cluster.uid !== uid) {
    throw new PostgresError(
      `The Postgres data of ${folder} belong to another user (uid ${cluster.uid}): start as that user, or choose another folder.`,
    )
  }
  if (uid !== 0 && hasName()) return { prefix: [], ids: {} }
  if (cluster?.isSymbolicLink()) return asNobody()
  if (await canReach(USER_NAMESPACE, folder, postgres)) return { prefix: USER_NAMESPACE, ids: {} }
  if (uid !== 0) {
    throw new PostgresError(
      `User ${uid} has no name in /etc/passwd, which Postgres needs: add it there, or start as a user that has one.`,
    )
  }
  if (!cluster) return asNobody()
  throw new PostgresError(
    `The Postgres data of ${folder} were made in a user namespace, which this machine now refuses: allow it (sysctl, seccomp), or delete ${folder}/cluster to begin with an empty database.`,
  )
}

function hasName(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

/** Tries it: the user of a namespace may not reach a folder that root can open. */
async function canReach(prefix: readonly string[], folder: string, postgres: string): Promise<boolean> {
  const [command = '', ...args] = [
    ...prefix,
    '/bin/sh',
    '-c',
    'test -w "$1" && exec "$2" --version',
    'sh',
    folder,
    postgres,
  ]
  return execute(command, args, { env: CLEAN_ENV, timeout: 5_000 }).then(
    () => true,
    () => false,
  )
}

async function asNobody(): Promise<RunAs> {
  const [uid, gid] = await Promise.all([lookUp('-u'), lookUp('-g')])
  return { prefix: [], ids: { uid, gid } }
}

async function lookUp(flag: '-u' | '-g'): Promise<number> {
  const { stdout } = await execute('id', [flag, 'nobody'], { env: CLEAN_ENV }).catch(() => ({ stdout: '65534' }))
  return Number(stdout) | 0 // macOS prints 4294967294, and spawn takes a signed number
}
