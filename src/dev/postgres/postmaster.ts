import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { findFreePort } from '../ports.ts'
import { type Launched, launch } from '../processes/lifeline.ts'
import type { RunAs } from './run-as.ts'
import { createServerLog } from './server-log.ts'

export interface PostmasterOptions {
  binaries: string
  data: string
  runAs: RunAs
  settings: Record<string, string>
  log: (line: string) => void
  signal: AbortSignal
  port?: number
}

/** A postmaster that accepts connections on 127.0.0.1. */
export type Postmaster = Launched & { port: number }

/** A backend ends its statement first, whoever has gone; and on a busy machine that takes its time. */
const PASSING_MS = 60_000
const passing = /Address already in use|pre-existing shared memory/

/** Starts Postgres on a free port; tries again when the port was taken meanwhile or a killed predecessor's backends still end. */
export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const deadline = Date.now() + PASSING_MS
  for (;;) {
    const port = options.port ?? (await findFreePort())
    const started = await startOnce(options, port)
    if ('pid' in started) return { ...started, port }
    options.signal.throwIfAborted()
    if (!passing.test(started.said) || Date.now() > deadline) throw new Error(started.said)
    await wait(100, undefined, { signal: options.signal })
  }
}

async function startOnce(options: PostmasterOptions, port: number): Promise<Launched | { said: string }> {
  const { binaries, data, runAs, settings, log, signal } = options
  const ready = Promise.withResolvers<'ready'>()
  const server = createServerLog(log, () => ready.resolve('ready'))
  const flags = Object.entries({ ...fixed, ...settings, port: String(port) }).flatMap(([k, v]) => ['-c', `${k}=${v}`])
  const launched = await launch([...runAs.prefix, join(binaries, 'bin/postgres'), '-D', data, ...flags], {
    ids: runAs.ids,
    onLine: server.read,
  })
  if (signal.aborted) launched.letGo()
  signal.addEventListener('abort', launched.letGo, { once: true })
  try {
    const first = await Promise.race([ready.promise, launched.closed])
    return first === 'ready' ? launched : { said: server.said() || `postgres ended with ${JSON.stringify(first)}` }
  } finally {
    signal.removeEventListener('abort', launched.letGo)
  }
}

const fixed: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  // No socket: its path may have 107 bytes at most, and a checkout may lie deeper.
  unix_socket_directories: '',
  password_encryption: 'scram-sha-256',
  fsync: 'on',
  max_connections: '200',
  shared_buffers: '64MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  log_destination: 'stderr',
  logging_collector: 'off',
  log_line_prefix: '',
}
