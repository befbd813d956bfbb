import type { Response } from 'express'
import type { Follow } from '../../../src/protocol/admin/admin-endpoint.ts'

/** Proxies end what says nothing for a minute, as a rule. */
const HEARTBEAT_MS = 15_000
/** Whoever forgets a stream does not keep it: `EventSource` begins anew by itself. */
const MAX_MS = 3_600_000
/** What a slow reader may have outstanding before events are dropped. */
const MAX_BEHIND_BYTES = 1_048_576

/** Answers with a stream of events (HTML, 9.2), which ends when the caller hangs up, and after an hour. */
export function sendEvents(response: Response, name: string, follow: Follow<unknown>): void {
  const stop = follow((data) => {
    if (response.writableLength <= MAX_BEHIND_BYTES) response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  })
  response.set({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
  // So that whoever listens knows at once that they do.
  response.write(':\n\n')
  const heartbeat = setInterval(() => response.write(':\n\n'), HEARTBEAT_MS).unref()
  const end = setTimeout(() => response.end(), MAX_MS).unref()
  response.once('close', () => {
    clearInterval(heartbeat)
    clearTimeout(end)
    stop()
  })
}
