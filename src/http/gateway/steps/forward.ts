import { isRouted, type Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { createUpstreamCaller } from '../upstream/call-guarded.ts'
import { createClientSink } from '../upstream/client-sink.ts'

/**
 * Forwards the request to its function, or to the service behind a proxy; refuses it at once where that is overloaded or has
 * failed too often.
 */
export function forward(dependencies: Pick<GatewayDependencies, 'sign' | 'upstream' | 'metrics' | 'log'>): Step {
  const call = createUpstreamCaller(dependencies)
  return function forward(context) {
    if (!isRouted(context)) throw new Error('this step must come after `route`')
    return call(context, context.sink ?? createClientSink(context))
  }
}
