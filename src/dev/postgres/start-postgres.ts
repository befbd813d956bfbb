import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { claimFolder } from '../processes/claim-folder.ts'
import { identifyProcess } from '../processes/leftovers.ts'
import type { ProgramExit } from '../processes/start-child.ts'
import { copyBinaries, findBinaries } from './binaries.ts'
import { type Cluster, ensureCluster, NOBODY_DATA_DIR } from './cluster.ts'
import { explainError, PostgresError } from './postgres-error.ts'
import { endPostmaster, type Postmaster, startPostmaster, stopLeftoverPostmaster } from './postmaster.ts'
import { chooseRunAs } from './run-as.ts'

interface StartPostgresOptions {
  /** Gets what Postgres says from WARNING upwards, a line at a time. */
  log?: (line: string) => void
  /** Postgres settings that go before ours. */
  settings?: Record<string, string>
  /** A free one unless told. */
  port?: number
  /** Gives up the start; a Postgres that runs already is ended by `stop`. */
  signal?: AbortSignal
}

export interface RunningPostgres {
  /** Role ebb, which owns the database ebb and may create others. */
  url: string
  /** The superuser's. */
  adminUrl: string
  /** The postmaster's own pid. */
  pid: number
  /** Tells the postmaster from a later process with its pid. Linux: field 22 of /proc/<pid>/stat; elsewhere `ps -o lstart=`. */
  processStartedAt: string
  /** Settles when the postmaster ends, by itself or by `stop`. */
  exited: Promise<ProgramExit>
  /** Rolls back what is open and shuts down; at most 15 s. */
  stop(): Promise<void>
}

const START_LIMIT_MS = 120_000

/**
 * Starts the Postgres whose data live under `folder`, made on first use; answers when it accepts connections on 127.0.0.1.
 * It ends by itself when this process is gone. Throws a PostgresFault of one sentence.
 */
export async function startPostgres(folder: string, options: StartPostgresOptions = {}): Promise<RunningPostgres> {
  const limit = AbortSignal.timeout(START_LIMIT_MS)
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit
  signal.throwIfAborted()
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const root = await realpath(folder)
    const giveBack = await claimFolder(root)
    try {
      return await startClaimed(root, options, signal, giveBack)
    } catch (cause) {
      giveBack()
      throw cause
    }
  } catch (cause) {
    options.signal?.throwIfAborted()
    if (limit.aborted) throw new PostgresError(`Postgres was not ready after ${START_LIMIT_MS / 1_000} s.`, { cause })
    throw explainError(cause, folder)
  }
}

async function startClaimed(folder: string, options: StartPostgresOptions, signal: AbortSignal, giveBack: () => void) {
  const { log = () => {}, settings = {} } = options
  const installed = await findBinaries(folder)
  const runAs = await chooseRunAs(folder, join(installed.folder, 'bin/postgres'))
  const binaries = runAs.ids.uid === undefined ? installed : await copyBinaries(installed, NOBODY_DATA_DIR)
  const cluster = await ensureCluster(folder, binaries, runAs, signal)
  await stopLeftoverPostmaster(cluster.data)
  const { port } = options
  const launching = {
    binaries: binaries.folder,
    data: cluster.data,
    runAs,
    settings,
    log,
    signal,
    ...(port ? { port } : {}),
  }
  return toRunning(await startPostmaster(launching), cluster, giveBack)
}

async function toRunning(postmaster: Postmaster, cluster: Cluster, giveBack: () => void): Promise<RunningPostgres> {
  const { pid, port } = postmaster
  const identity = await identifyProcess(pid)
  if (identity === undefined) throw new Error('Postgres ended as soon as it was ready')
  const { startedAt } = identity
  const exited = postmaster.exited.finally(giveBack)
  const url = (role: 'postgres' | 'ebb') => `postgres://${role}:${cluster.passwords[role]}@127.0.0.1:${port}/${role}`
  async function stop(): Promise<void> {
    await endPostmaster(pid, startedAt)
    await exited
  }
  return { url: url('ebb'), adminUrl: url('postgres'), pid, processStartedAt: startedAt, exited, stop }
}
