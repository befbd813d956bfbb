import type { ServerResponse } from 'node:http'
import type { Deadline } from '../deadline.ts'
import { comeBack } from './come-back.ts'
import type { EncodeItem } from './encode-item.ts'
import { whenDrained } from './send-chunks.ts'
import type { Source } from './source.ts'

/** A comment, so that nothing in between takes a quiet stream for a dead one, and that a dead one is found. */
const HEARTBEAT = ':\n\n'
const HEARTBEAT_MS = 15_000

interface SendEventsOptions {
  readonly encode: EncodeItem
  readonly deadline: Pick<Deadline, 'signal' | 'stopIdle'>
  /** After this the stream ends, and clients come back. */
  readonly maxMs: number
  /** Aborts when this process ends. */
  readonly draining: AbortSignal | undefined
  readonly heartbeatMs?: number
}

/**
 * Sends the events of a handler as they come. The status is sent at once. At the end of its time, or of this process, the
 * stream ends after the event that is being sent: clients come back, to another instance, with the id of the last one.
 */
export async function sendEvents(
  response: ServerResponse,
  source: Source,
  { encode, deadline, maxMs, draining, heartbeatMs = HEARTBEAT_MS }: SendEventsOptions,
): Promise<void> {
  const { signal } = deadline
  // Events may be hours apart.
  deadline.stopIdle()
  response.flushHeaders()
  let wake = () => {}
  let isOver = draining?.aborted ?? false
  const end = () => {
    isOver = true
    wake()
  }
  let lastAt = performance.now()
  const beat = () => {
    if (performance.now() - lastAt < heartbeatMs || response.writableNeedDrain) return
    response.write(HEARTBEAT)
  }
  const timer = setTimeout(end, maxMs)
  const heartbeat = setInterval(beat, heartbeatMs)
  draining?.addEventListener('abort', end)
  try {
    while (!isOver) {
      const woken = Promise.withResolvers<undefined>()
      wake = () => woken.resolve(undefined)
      const next = await Promise.race([source.next(), woken.promise])
      signal.throwIfAborted()
      if (!next) break
      if (next.done) return void response.end()
      lastAt = performance.now()
      if (!response.write(encode(next.value))) await whenDrained(response)
      signal.throwIfAborted()
    }
    response.end(comeBack())
  } finally {
    clearTimeout(timer)
    clearInterval(heartbeat)
    draining?.removeEventListener('abort', end)
    source.close()
  }
}
