import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findFreePort } from '../ports.ts'
import { identifyProcess } from '../processes/leftovers.ts'
import { type Program, startProgram } from '../processes/start-child.ts'
import { PostgresError } from './postgres-error.ts'
import type { RunAs } from './run-as.ts'

interface PostmasterOptions {
  binaries: string
  data: string
  runAs: RunAs
  settings: Record<string, string>
  log: (line: string) => void
  signal: AbortSignal
  port?: number
}

/** A postmaster that accepts connections on 127.0.0.1. */
export type Postmaster = Program & { port: number }

/** A backend finishes its statement even if its postmaster is gone, which takes time on a busy machine. */
const TRANSIENT_MS = 60_000
const TRANSIENT = /Address already in use|pre-existing shared memory/

/** Starts Postgres on a free port; retries if the port was taken meanwhile, or while backends of a killed predecessor end. */
export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const deadline = Date.now() + TRANSIENT_MS
  for (;;) {
    const port = options.port ?? (await findFreePort())
    const started = await startOnce(options, port)
    if ('pid' in started) return { ...started, port }
    options.signal.throwIfAborted()
    if (!TRANSIENT.test(started.output) || Date.now() > deadline) throw new Error(started.output)
    await delay(100, undefined, { signal: options.signal })
  }
}

async function startOnce(options: PostmasterOptions, port: number): Promise<Program | { output: string }> {
  const { binaries, data, runAs, settings, log, signal } = options
  const ready = Promise.withResolvers<'ready'>()
  const server = createServerLog(log, () => ready.resolve('ready'))
  const flags = Object.entries({ ...FIXED_SETTINGS, ...settings, port: String(port) }).flatMap(([k, v]) => [
    '-c',
    `${k}=${v}`,
  ])
  const program = await startProgram([...runAs.prefix, join(binaries, 'bin/postgres'), '-D', data, ...flags], {
    ids: runAs.ids,
    onLine: server.read,
  })
  if (signal.aborted) program.disconnect()
  signal.addEventListener('abort', program.disconnect, { once: true })
  try {
    const first = await Promise.race([ready.promise, program.closed])
    return first === 'ready' ? program : { output: server.output() || `postgres ended with ${JSON.stringify(first)}` }
  } finally {
    signal.removeEventListener('abort', program.disconnect)
  }
}

const FIXED_SETTINGS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  // No socket: its path may have at most 107 bytes, and a checkout may be deeper.
  unix_socket_directories: '',
  password_encryption: 'scram-sha-256',
  fsync: 'on',
  max_connections: '200',
  shared_buffers: '64MB',
  // For change(): what a slot that nobody reads may keep of the log.
  wal_level: 'logical',
  max_slot_wal_keep_size: '1GB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  log_destination: 'stderr',
  logging_collector: 'off',
  log_line_prefix: '',
}

/** Reads the output of a postmaster: passes warnings and worse on to `log`, and keeps all of it until Postgres is ready. */
function createServerLog(log: (line: string) => void, onReady: () => void) {
  let kept: string[] | undefined = []
  let loud = true
  function read(line: string): void {
    kept?.push(line)
    const severity = /^([A-Z]+\d?): {2}/.exec(line)?.[1]
    // DETAIL, HINT, STATEMENT and indented lines belong to the line before.
    if (severity !== undefined && ROUTINE.has(severity)) loud = false
    else if (severity !== undefined && SERIOUS.has(severity)) loud = true
    if (loud) log(line)
    if (kept !== undefined && READY.test(line)) {
      kept = undefined
      onReady()
    }
  }
  return { read, output: () => kept?.join('\n') ?? '' }
}

/** A replica accepts read-only connections. */
const READY = /database system is ready to accept (read-only )?connections/
const ROUTINE = new Set(['LOG', 'INFO', 'NOTICE', 'DEBUG', 'DEBUG1', 'DEBUG2', 'DEBUG3', 'DEBUG4', 'DEBUG5'])
const SERIOUS = new Set(['WARNING', 'ERROR', 'FATAL', 'PANIC'])

/** Stops the Postgres that a killed runner left on `data`; another process that now has its pid is left alone. */
export async function stopLeftoverPostmaster(data: string): Promise<void> {
  const path = join(data, 'postmaster.pid')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return
  const [pid, , startSeconds] = text.split('\n').map(Number)
  const found = pid === undefined ? undefined : await identifyProcess(pid)
  if (pid === undefined || found === undefined) return
  // A reused pid belongs to a process that started later.
  const startedInTime = found.startedMs <= Number(startSeconds) * 1_000 + 10_000
  if (startedInTime && found.command.includes(`postgres -D ${data} `)) await endPostmaster(pid, found.startedAt)
  // Postgres would take the other process for a postmaster and refuse to start.
  else await rm(path, { force: true })
}

const ESCALATION = [
  ['SIGINT', 8_000], // fast: roll back, write a checkpoint
  ['SIGQUIT', 4_000], // at once: the next start replays the log
  ['SIGKILL', 2_000],
] as const

/** Ends a postmaster, with an ever stronger signal after each time limit. */
export async function endPostmaster(pid: number, startedAt: string): Promise<void> {
  for (const [signal, limitMs] of ESCALATION) {
    if (await isGone(pid, startedAt)) return
    try {
      process.kill(pid, signal)
    } catch (cause) {
      if (await isGone(pid, startedAt)) return
      throw cause
    }
    const deadline = Date.now() + limitMs
    while (Date.now() < deadline) {
      if (await isGone(pid, startedAt)) return
      await delay(15)
    }
  }
  throw new PostgresError(`Postgres (process ${pid}) does not end: look at it with ps, and kill it by hand.`)
}

async function isGone(pid: number, startedAt: string): Promise<boolean> {
  return (await identifyProcess(pid))?.startedAt !== startedAt
}
