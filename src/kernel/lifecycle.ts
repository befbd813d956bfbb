import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { ConfigError } from './config-error.ts'
import type { Log } from './log.ts'

const ORPHANED = 'parent process exited'
/** A process whose parent was killed has lost its database and its peers, too: what it waits for will not come. */
const ORPHAN_LIMIT_MS = 5_000
/** Where no load balancer has to learn of the shutdown first, as on a laptop. */
const QUIET_MS = 100
/** Contracts cannot use it. */
const PLATFORM_PATHS = '/_/'

/** The log message of a process that exits since an error was thrown where nothing could catch it. */
export const UNCAUGHT_ERROR = 'an error outside of any request; this process finishes its open requests and exits'
/** Longer than any request and what follows it: nothing else ends a process that exits by itself. */
const UNCAUGHT_ERROR_LIMIT_MS = 660_000

/** Ends this process at once: Node's own `process.exit`, which a function withholds from its handlers. */
export const exit: (status: number) => never = process.exit.bind(process)

interface ShutdownOptions {
  readonly log: Log
  readonly parent: 'stdin' | undefined
}

/**
 * Calls `stop` once, at SIGTERM, SIGINT or the end of a parent that holds this process's stdin, and then ends the process.
 * An uncaught error is logged and does the same, with status 1: the requests in flight are not affected by it. Returns the
 * function that reports such an error.
 */
export function onShutdown(
  stop: (reason: string) => Promise<void>,
  { log, parent }: ShutdownOptions,
): (error: unknown) => void {
  let stopping = false
  const begin = (reason: string, { status = 0, limitMs = 0 } = {}) => {
    if (stopping) return
    stopping = true
    if (limitMs > 0) setTimeout(() => exit(1), limitMs).unref()
    stop(reason).then(
      () => exit(status),
      (error) => {
        log.error({ err: error }, 'shutdown failed')
        exit(1)
      },
    )
  }
  const reportUncaught = (error: unknown) => {
    log.fatal({ err: error }, UNCAUGHT_ERROR)
    begin(UNCAUGHT_ERROR, { status: 1, limitMs: UNCAUGHT_ERROR_LIMIT_MS })
  }
  process.on('uncaughtException', reportUncaught)
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => begin(name))
  if (parent === 'stdin') process.stdin.on('end', () => begin(ORPHANED, { limitMs: ORPHAN_LIMIT_MS })).resume()
  return reportUncaught
}

/**
 * Closes a server without losing a request. For `graceMs` it goes on as before, since load balancers may learn of its end
 * seconds later, and then until `quietMs` pass without a new request; each response closes its connection. Then it stops
 * listening, and resolves when the last response is sent, at most `timeoutMs` after those `graceMs`.
 */
export async function drain(
  server: Server,
  { graceMs = 0, quietMs = Math.max(QUIET_MS, graceMs / 5), timeoutMs = 60_000 } = {},
) {
  const began = Date.now()
  const endAt = began + graceMs + timeoutMs
  let lastRequest = began
  server.prependListener('request', ({ url }, response) => {
    // Probes go on until the end, and say nothing about who still sends requests.
    if (!url?.startsWith(PLATFORM_PATHS)) lastRequest = Date.now()
    response.setHeader('connection', 'close')
  })
  const isOver = (now: number) => (now - began >= graceMs && now - lastRequest >= quietMs) || now >= endAt
  while (!isOver(Date.now())) await delay(quietMs / 4)
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const limit = setTimeout(() => server.closeAllConnections(), Math.max(0, endAt - Date.now()))
  // A response that was under way by then did not say `connection: close`.
  const idle = setInterval(() => server.closeIdleConnections(), quietMs / 4)
  await closed
  clearInterval(idle)
  clearTimeout(limit)
}

/** Listens and returns the port. Throws a ConfigError where another process has it; `setting` names what chooses another one. */
export async function listenOn(
  server: Server,
  host: string | undefined,
  port: number,
  setting: string,
): Promise<number> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) throw cause
    throw new ConfigError(`Port ${port} is in use; stop what listens there, or set ${setting} to another one.`, {
      cause,
    })
  }
  // A server that listens on a port has an address.
  return (server.address() as AddressInfo).port
}
