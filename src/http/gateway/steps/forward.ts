import { isRouted, type Step } from '../context.ts'
import { explained } from '../explanation.ts'
import type { UpstreamCaller } from '../upstream/call-guarded.ts'
import { createClientSink } from '../upstream/client-sink.ts'

/**
 * Forwards the request to its function, or to the service behind a proxy; refuses it at once where that is overloaded or has
 * failed too often.
 */
export function forward(call: UpstreamCaller): Step {
  const step: Step = function forward(context) {
    if (!isRouted(context)) throw new Error('this step must come after `route`')
    return call(context, context.sink ?? createClientSink(context))
  }
  return explained(step, call.explain)
}
