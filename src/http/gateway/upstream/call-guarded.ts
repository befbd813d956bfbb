import { Problem } from '../../../contract/index.ts'
import type { Explanation, GatewayContext } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { createFunctionCaller } from './call-function.ts'
import { createProxyCaller } from './call-proxied.ts'
import { type CallVerdict, createCircuitBreakers } from './circuit-breakers.ts'
import { explainCall } from './explain-call.ts'
import { createCallGuard } from './guard-calls.ts'
import { judgeFailure } from './judge-call.ts'
import { createRetries } from './retries.ts'
import type { CallUpstream } from './upstream-request.ts'

/** Calls upstreams, and says what a call would be. */
export interface UpstreamCaller extends CallUpstream {
  readonly explain: (context: GatewayContext) => Explanation
}

/** Calls functions and services, where their circuit breakers and the limits of their concurrent requests let it. */
export function createUpstreamCaller({
  metrics,
  ...dependencies
}: Pick<GatewayDependencies, 'sign' | 'upstream' | 'metrics' | 'log'>): UpstreamCaller {
  const { startTimeoutMs, onRetry, breakers = createCircuitBreakers({ startTimeoutMs }) } = dependencies.upstream
  const { guardCall, inspect } = createCallGuard({ breakers, shed: metrics.shed })
  const retries = createRetries({ onRetry })
  const callFunction = createFunctionCaller({ ...dependencies, retries })
  const callProxied = createProxyCaller({ ...dependencies, retries })
  const callUpstream: CallUpstream = async function callUpstream(request, sink) {
    const guarded = guardCall(request)
    if (guarded instanceof Problem) return guarded
    let verdict: CallVerdict | undefined
    const failed = (failure: Parameters<typeof judgeFailure>[0]) => {
      verdict = judgeFailure(failure)
    }
    const call = request.route.upstream ? callProxied : callFunction
    const ended = request.route.upstream ? undefined : metrics.calling?.(request.route.name)
    const beganAt = performance.now()
    try {
      return await call(request, sink, { responded: guarded.responded, failed })
    } finally {
      guarded.end(verdict)
      const { respondedAt, cold } = request
      ended?.({ waitMs: respondedAt && respondedAt - beganAt, cold: cold === true })
    }
  }
  return Object.assign(callUpstream, {
    explain: (context: GatewayContext) => explainCall(context, { ...dependencies.upstream, inspect }),
  })
}
