import { EVENT_STREAM, isEventStream, Problem } from '../../../contract/index.ts'
import { comeBack } from '../../streams/come-back.ts'
import { isRouted, type Reply, type Step } from '../context.ts'
import { explained } from '../explanation.ts'
import type { UpstreamCaller } from '../upstream/call-guarded.ts'
import { createClientSink } from '../upstream/client-sink.ts'
import { createEventSink } from '../upstream/event-sink.ts'

/**
 * Forwards the request to its function, or to the service behind a proxy; refuses it at once where that is overloaded or has
 * failed too often. Events end when `draining` aborts, and clients come back to another gateway.
 */
export function forward(
  call: UpstreamCaller,
  { draining }: { readonly draining?: AbortSignal | undefined } = {},
): Step {
  const step: Step = function forward(context) {
    if (!isRouted(context)) throw new Error('this step must come after `route`')
    const { route } = context
    const sink = context.sink ?? createClientSink(context)
    const isEvents = isEventStream(route)
    // A service says it by its response.
    if (!draining || !(isEvents || route.upstream)) return call(context, sink)
    if (isEvents && draining.aborted) return comeBackElsewhere()
    const abandon = () => context.abort(new Problem('caller_gone', 499, 'The stream has ended.'))
    return call(context, createEventSink(sink, { draining, abandon }))
  }
  return explained(step, call.explain)
}

/** To clients that ask for events while this process ends: another gateway has them. */
const comeBackElsewhere = (): Reply => ({
  status: 200,
  headers: { 'content-type': EVENT_STREAM, 'cache-control': 'no-store' },
  body: comeBack(),
  shortCircuitReason: 'draining',
})
