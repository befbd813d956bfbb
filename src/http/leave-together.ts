import type { ServerResponse } from 'node:http'

/** How long the first of them is kept at most for the others of its turn, looked at as each joins. */
const MOST_MS = 2

let leaving: { readonly response: ServerResponse; readonly body: string | Uint8Array }[] = []
let since = 0

/**
 * Ends an answer together with all others of this turn of the event loop. Under load whoever reads them, the gateway, is
 * then woken once for many, where each waking costs the writer as much as a handler; and code that runs for one after
 * the other stays in the processor's caches. An answer that is alone leaves as soon as the turn is over.
 */
export function endTogether(response: ServerResponse, body: string | Uint8Array): void {
  if (leaving.length === 0) {
    setImmediate(leave)
    since = performance.now()
  }
  leaving.push({ response, body })
  if (performance.now() - since > MOST_MS) leave()
}

function leave() {
  const ready = leaving
  leaving = []
  for (const { response, body } of ready) response.end(body)
}
