import type { ServerResponse } from 'node:http'

/** How long the first of them is kept at most for the others of its turn, looked at as each joins. */
const MAX_BATCH_MS = 2

let batch: { readonly response: ServerResponse; readonly body: string | Uint8Array }[] = []
let openedAt = 0

/**
 * Ends an answer together with all others of this turn of the event loop. Under load whoever reads them, the gateway, is
 * then woken once for many, where each waking costs the writer as much as a handler; and code that runs for one after
 * the other stays in the processor's caches. An answer that is alone leaves as soon as the turn is over.
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
