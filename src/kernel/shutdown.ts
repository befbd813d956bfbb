import type { Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from './log.ts'

const ORPHANED = 'the parent is gone'
/** Whose parent was killed has lost its database and its peers too: nothing that it waits for will come. */
const ORPHAN_LIMIT_MS = 5_000

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
 * Ends a server without losing a request: goes on serving, each answer closing its connection, until `quietMs` pass
 * without a new one; then stops listening and resolves when the last answer is out, at most `limitMs` later.
 */
export async function drain(server: Server, { quietMs = 100, limitMs = 60_000 } = {}) {
  const began = Date.now()
  let lastRequest = began
  server.prependListener('request', (_request, response) => {
    lastRequest = Date.now()
    response.setHeader('connection', 'close')
  })
  while (Date.now() - lastRequest < quietMs && Date.now() - began < limitMs) await delay(quietMs / 4)
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const limit = setTimeout(() => server.closeAllConnections(), Math.max(0, began + limitMs - Date.now()))
  await closed
  clearTimeout(limit)
}
