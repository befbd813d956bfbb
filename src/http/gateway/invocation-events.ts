import type { ServerResponse } from 'node:http'
import { describeInvocation, hasEnded, type InvocationState } from '../../protocol/index.ts'
import { sendEvents } from '../streams/send-events.ts'
import type { GatewayContext } from './context.ts'
import type { Caller } from './credentials.ts'
import type { GatewayDependencies, Invocations } from './dependencies.ts'
import { mergeHeaders } from './headers.ts'
import { versionOf } from './wait-for-end.ts'

/** After this, clients come back: what they prove themselves with is looked at again. */
const MAX_STREAM_MS = 300_000
/** The id of the last event: a client that has it is told that there is nothing more. */
export const END_ID = 'end'

/** Sends each state of a call as an event until it has ended. Resolves when the response is over. */
export async function sendInvocationEvents(
  context: GatewayContext,
  found: InvocationState,
  { invocations, draining }: Pick<GatewayDependencies, 'invocations' | 'draining'>,
): Promise<void> {
  const { response, caller, signal, stallTimeoutMs } = context
  begin(context, response)
  response.setTimeout(stallTimeoutMs)
  const closed = new AbortController()
  const over = AbortSignal.any([signal, closed.signal])
  const lastId = context.headers['last-event-id']?.[0]
  const states = statesOf(invocations, { found, caller, lastId, over })
  const source = { next: () => states.next(), close: () => closed.abort() }
  const deadline = { signal, stopIdle: () => {} }
  await sendEvents(response, source, { encode, deadline, maxMs: MAX_STREAM_MS, draining })
}

function begin({ responseHeaders, correlationId }: GatewayContext, response: ServerResponse) {
  const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }
  response.writeHead(200, { ...mergeHeaders(headers, responseHeaders), 'x-correlation-id': correlationId })
}

interface StatesOptions {
  readonly found: InvocationState
  readonly caller: Caller
  /** Of the last event that the client has. */
  readonly lastId: string | undefined
  readonly over: AbortSignal
}

/** The states of a call that the client does not have, and its end. Ends early where the store does not answer: clients come back. */
async function* statesOf(
  { find, watch }: Invocations,
  { found, caller, lastId, over }: StatesOptions,
): AsyncGenerator<InvocationState> {
  const watcher = watch(found.id)
  let known = lastId
  try {
    for (let state: InvocationState | undefined = found; state; state = await find(found.id, caller)) {
      if (versionOf(state) !== known) yield state
      if (hasEnded(state) || over.aborted) return
      known = versionOf(state)
      await watcher.changed(known, over)
    }
  } catch {
    // The next connection says what is wrong.
  } finally {
    watcher.close()
  }
}

function encode(item: unknown): string {
  // What `statesOf` yields.
  const state = item as InvocationState
  const [id, event] = hasEnded(state) ? [END_ID, 'end'] : [versionOf(state), 'state']
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(describeInvocation(state))}\n\n`
}
