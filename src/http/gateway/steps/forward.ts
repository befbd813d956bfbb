import { Problem } from '../../../contract/index.ts'
import { isRouted, type Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { createFunctionLimits } from '../function-limits.ts'
import { createClientSink } from '../upstream/client-sink.ts'
import type { CallUpstream } from '../upstream/upstream-request.ts'

/** Forwards the request to its function, or to the service behind a proxy; refuses it at once where that is overloaded. */
export function forward(call: CallUpstream, { metrics }: Pick<GatewayDependencies, 'metrics'>): Step {
  const { acquire } = createFunctionLimits()
  return async function forward(context) {
    if (!isRouted(context)) throw new Error('this step must come after `route`')
    const slot = acquire(context.route)
    if (!slot) {
      metrics.shed('function')
      return OVERLOADED
    }
    const { response, signal } = context
    const startedAt = performance.now()
    response.once('close', () => {
      if (signal.aborted) return slot.release()
      const durationMs = (context.respondedAt ?? performance.now()) - startedAt
      slot.release({ status: response.statusCode, durationMs, cold: context.cold === true })
    })
    return call(context, context.sink ?? createClientSink(context))
  }
}

const OVERLOADED = new Problem('unavailable', 503, 'The function is overloaded; retry later.', {
  retryAfterSeconds: 1,
})
