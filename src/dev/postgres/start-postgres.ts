import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { claimFolder } from '../processes/claim-folder.ts'
import { identifyProcess } from '../processes/leftovers.ts'
import type { Exit } from '../processes/start-child.ts'
import { copyBinaries, findBinaries } from './binaries.ts'
import { type Cluster, ensureCluster, NOBODY_DATA_DIR } from './cluster.ts'
import { explainError, PostgresError } from './postgres-error.ts'
import { endPostmaster, type Postmaster, startPostmaster, stopLeftoverPostmaster } from './postmaster.ts'
import { chooseRunAs } from './run-as.ts'

interface StartPostgresOptions {
  /** Called with each line of Postgres's log from WARNING upwards. */
  log?: (line: string) => void
  /** Postgres settings that override ours. */
  settings?: Record<string, string>
  /** Default: a free port. */
  port?: number
  /** Aborts the start; a running Postgres is ended by `stop`. */
  signal?: AbortSignal
}

/** A Postgres of `ebb dev` that accepts connections. */
export interface RunningPostgres {
  /** The address for the role ebb, which owns the database ebb and may create others. */
  url: string
  /** The address for the superuser. */
  adminUrl: string
  /** The pid of the postmaster. */
  pid: number
  /** Distinguishes the postmaster from a later process with its pid. Linux: field 22 of /proc/<pid>/stat; elsewhere `ps -o lstart=`. */
  processStartedAt: string
  /** Settles when the postmaster ends, by itself or by `stop`. */
  exited: Promise<Exit>
  /** Rolls back open transactions and shuts down, within 15 s. */
  stop(): Promise<void>
}

const START_LIMIT_MS = 120_000

/**
 * Starts the Postgres whose data are in `folder`, created on first use; resolves when it accepts connections on 127.0.0.1. It
 * ends by itself when this process is gone. Throws a PostgresError of one sentence.
 */
export async function startPostgres(folder: string, options: StartPostgresOptions = {}): Promise<RunningPostgres> {
  const limit = AbortSignal.timeout(START_LIMIT_MS)
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit
  signal.throwIfAborted()
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const root = await realpath(folder)
    const release = await claimFolder(root)
    try {
      return await startClaimed(root, options, signal, release)
    } catch (cause) {
      release()
      throw cause
    }
  } catch (cause) {
    options.signal?.throwIfAborted()
    if (limit.aborted) throw new PostgresError(`Postgres was not ready after ${START_LIMIT_MS / 1_000} s.`, { cause })
    throw explainError(cause, folder)
  }
}

async function startClaimed(folder: string, options: StartPostgresOptions, signal: AbortSignal, release: () => void) {
  const { log = () => {}, settings = {} } = options
  const installed = await findBinaries(folder)
  const runAs = await chooseRunAs(folder, join(installed.folder, 'bin/postgres'))
  const binaries = runAs.ids.uid === undefined ? installed : await copyBinaries(installed, NOBODY_DATA_DIR)
  const cluster = await ensureCluster(folder, binaries, runAs, signal)
  await stopLeftoverPostmaster(cluster.data)
  const { port } = options
  const postmaster = await startPostmaster({
    ...{ binaries: binaries.folder, data: cluster.data, runAs, settings, log, signal },
    ...(port ? { port } : {}),
  })
  return toRunning(postmaster, cluster, release)
}

async function toRunning(postmaster: Postmaster, cluster: Cluster, release: () => void): Promise<RunningPostgres> {
  const { pid, port } = postmaster
  const identity = await identifyProcess(pid)
  if (identity === undefined) throw new Error('Postgres ended as soon as it was ready')
  const { startedAt } = identity
  const exited = postmaster.exited.finally(release)
  const url = (role: 'postgres' | 'ebb') => `postgres://${role}:${cluster.passwords[role]}@127.0.0.1:${port}/${role}`
  async function stop(): Promise<void> {
    await endPostmaster(pid, startedAt)
    await exited
  }
  return { url: url('ebb'), adminUrl: url('postgres'), pid, processStartedAt: startedAt, exited, stop }
}
