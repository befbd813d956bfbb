import type { IncomingMessage } from 'node:http'
import { freeBytes } from './read-body.ts'

/** Reads and drops the rest of a request, until it ends or the time is over. */
export function drainRequest(request: IncomingMessage, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs)
    request.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    // A stream of its body has paused it.
    request.on('data', freeBytes).resume()
  })
}
