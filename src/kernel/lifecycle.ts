import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { ConfigError } from './config.ts'
import type { Log } from './log.ts'

const ORPHANED = 'the parent is gone'
/** Whose parent was killed has lost its database and its peers too: nothing that it waits for will come. */
const ORPHAN_LIMIT_MS = 5_000
/** Where nobody has to hear of an end first, as on a laptop. */
const QUIET_MS = 100
/** Reserved by the contracts. */
const PLATFORM_PATHS = '/_/'

/** Said by a process that ends since something was thrown where nobody could catch it. */
export const UNCAUGHT_ERROR = 'a fault outside of every request; this process finishes what it has, and ends'
/** Nobody else ends a process that leaves by itself. It is longer than any request, and than what follows the last one. */
const UNCAUGHT_ERROR_LIMIT_MS = 660_000

/** Ends this process at once: Node's own, which a function keeps from its handlers. */
export const exit: (status: number) => never = process.exit.bind(process)

interface ShutdownOptions {
  readonly log: Log
  readonly parent: 'stdin' | undefined
}

/**
 * Calls `stop` once, at SIGTERM, SIGINT or the end of a parent that holds our stdin, and then ends the process. A fault
 * that nobody catches is logged and does the same, with status 1: what is in flight is no part of it. Answers how to tell
 * of one.
 */
export function onShutdown(
  stop: (reason: string) => Promise<void>,
  { log, parent }: ShutdownOptions,
): (fault: unknown) => void {
  let stopping = false
  const begin = (reason: string, { status = 0, limitMs = 0 } = {}) => {
    if (stopping) return
    stopping = true
    if (limitMs > 0) setTimeout(() => exit(1), limitMs).unref()
    stop(reason).then(
      () => exit(status),
      (fault) => {
        log.error({ err: fault }, 'shutdown failed')
        exit(1)
      },
    )
  }
  const leave = (fault: unknown) => {
    log.fatal({ err: fault }, UNCAUGHT_ERROR)
    begin(UNCAUGHT_ERROR, { status: 1, limitMs: UNCAUGHT_ERROR_LIMIT_MS })
  }
  process.on('uncaughtException', leave)
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => begin(name))
  if (parent === 'stdin') process.stdin.on('end', () => begin(ORPHANED, { limitMs: ORPHAN_LIMIT_MS })).resume()
  return leave
}

/**
 * Ends a server without losing a request. For `leastMs` it goes on as before, since whoever routes to it may hear of its
 * end seconds later, and then until `quietMs` pass without a new request; each answer closes its connection. Then it
 * stops listening, and resolves when the last answer is out, at most `limitMs` after those `leastMs`.
 */
export async function drain(
  server: Server,
  { leastMs = 0, quietMs = Math.max(QUIET_MS, leastMs / 5), limitMs = 60_000 } = {},
) {
  const began = Date.now()
  const endAt = began + leastMs + limitMs
  let lastRequest = began
  server.prependListener('request', ({ url }, response) => {
    // Probes go on until the end, and say nothing of who still sends.
    if (!url?.startsWith(PLATFORM_PATHS)) lastRequest = Date.now()
    response.setHeader('connection', 'close')
  })
  const isOver = (now: number) => (now - began >= leastMs && now - lastRequest >= quietMs) || now >= endAt
  while (!isOver(Date.now())) await delay(quietMs / 4)
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const limit = setTimeout(() => server.closeAllConnections(), Math.max(0, endAt - Date.now()))
  // Who was told nothing of an end with its answer, since that was under way by then, keeps its connection.
  const idle = setInterval(() => server.closeIdleConnections(), quietMs / 4)
  await closed
  clearInterval(idle)
  clearTimeout(limit)
}

/** Listens and answers the port; a ConfigFault where another process has it. `setting` is what says another one. */
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
