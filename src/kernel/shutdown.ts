import type { Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from './log.ts'

const ORPHANED = 'the parent is gone'
/** Whose parent was killed has lost its database and its peers too: nothing that it waits for will come. */
const ORPHAN_LIMIT_MS = 5_000
/** Where nobody has to hear of an end first, as on a laptop. */
const QUIET_MS = 100
/** Reserved by the contracts. */
const PLATFORM_PATHS = '/_/'

/** Calls `stop` once, at SIGTERM, SIGINT or the end of a parent that holds our stdin, and then ends the process. */
export function onShutdown(
  stop: (reason: string) => Promise<void>,
  { log, parent }: { log: Log; parent: 'stdin' | undefined },
) {
  let stopping = false
  const begin = (reason: string) => {
    if (stopping) return
    stopping = true
    if (reason === ORPHANED) setTimeout(() => process.exit(1), ORPHAN_LIMIT_MS).unref()
    stop(reason).then(
      () => process.exit(0),
      (fault) => {
        log.error({ err: fault }, 'shutdown failed')
        process.exit(1)
      },
    )
  }
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => begin(name))
  if (parent === 'stdin') process.stdin.on('end', () => begin(ORPHANED)).resume()
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
  await closed
  clearTimeout(limit)
}
