import type { ServerResponse } from 'node:http'

/** The longest that the first response of a batch waits for the others, checked as each joins. */
const MAX_BATCH_MS = 2

let batch: { readonly response: ServerResponse; readonly body: string | Uint8Array }[] = []
let openedAt = 0

/**
 * Ends a response together with all others of this turn of the event loop. Under load the reader, which is the gateway, then
 * wakes up once for many, where each wake-up costs the writer as much as a handler; and code that runs for one after the
 * other stays in the processor's caches. A response that is alone is sent as soon as the turn is over.
 */
export function endInBatch(response: ServerResponse, body: string | Uint8Array): void {
  if (batch.length === 0) {
    setImmediate(flush)
    openedAt = performance.now()
  }
  batch.push({ response, body })
  if (performance.now() - openedAt > MAX_BATCH_MS) flush()
}

function flush() {
  const ready = batch
  batch = []
  for (const { response, body } of ready) response.end(body)
}
