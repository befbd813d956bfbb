import { Problem } from '../../../contract/index.ts'
import type { Explanation, GatewayContext } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { createShadow } from '../shadow/shadow-reads.ts'
import { createFunctionCaller } from './call-function.ts'
import { createProxyCaller } from './call-proxied.ts'
import { type CallVerdict, createCircuitBreakers } from './circuit-breakers.ts'
import { explainCall } from './explain-call.ts'
import { createCallGuard } from './guard-calls.ts'
import { judgeFailure } from './judge-call.ts'
import { createRetries } from './retries.ts'
import type { CallUpstream, ResponseSink, UpstreamRequest } from './upstream-request.ts'
import { watchVariant } from './watch-variant.ts'

/** Calls upstreams, and says what a call would be. */
export interface UpstreamCaller extends CallUpstream {
  readonly explain: (context: GatewayContext) => Explanation
}

/** Calls functions and services, where their circuit breakers and the limits of their concurrent requests let it. */
export function createUpstreamCaller({
  metrics,
  canaries,
  draining,
  ...dependencies
}: Pick<GatewayDependencies, 'sign' | 'upstream' | 'metrics' | 'log' | 'canaries' | 'draining'>): UpstreamCaller {
  const { startTimeoutMs, onRetry, breakers = createCircuitBreakers({ startTimeoutMs }) } = dependencies.upstream
  const { guardCall, inspect } = createCallGuard({ breakers, shed: metrics.shed })
  const retries = createRetries({ onRetry })
  const callFunction = createFunctionCaller({ ...dependencies, retries })
  const callProxied = createProxyCaller({ ...dependencies, retries })
  const shadow = createShadow({
    ...{ canaries, draining, startTimeoutMs, call: (request, sink) => callOnce(request, sink) },
    hasRoom: (route) => inspect(route).inFlight * 2 < inspect(route).limit,
  })
  async function callOnce(request: UpstreamRequest, caller: ResponseSink): Promise<Problem | undefined> {
    const guarded = guardCall(request)
    if (guarded instanceof Problem) return guarded
    const watched = watchVariant(request, caller, { canaries, metrics })
    const copied = shadow.watch(request, watched?.sink ?? caller)
    const sink = copied?.sink ?? watched?.sink ?? caller
    let verdict: CallVerdict | undefined
    let outcome: Problem | undefined
    const failed = (failure: Parameters<typeof judgeFailure>[0]) => {
      verdict = judgeFailure(failure)
    }
    const call = request.route.upstream ? callProxied : callFunction
    const ended = request.route.upstream ? undefined : metrics.calling?.(request.route.name)
    const beganAt = performance.now()
    try {
      outcome = await call(request, sink, { responded: guarded.responded, failed })
      return outcome
    } finally {
      guarded.end(verdict)
      watched?.end(outcome !== undefined)
      copied?.end(outcome !== undefined)
      const { respondedAt, cold } = request
      ended?.({ waitMs: respondedAt && respondedAt - beganAt, cold: cold === true })
    }
  }
  const callUpstream: CallUpstream = async function callUpstream(request, sink) {
    const outcome = await callOnce(request, sink)
    if (!outcome || !canFallBack(request, outcome)) return outcome
    // Its caller need not know.
    request.variant = 'stable'
    return callOnce(request, sink)
  }
  return Object.assign(callUpstream, {
    explain: (context: GatewayContext) => explainCall(context, { ...dependencies.upstream, inspect }),
  })
}

/** Whether a canary could not take a request that has not arrived there, so that the revision before it can. */
const canFallBack = ({ variant, bodyStream, signal }: UpstreamRequest, { code }: Problem): boolean =>
  variant === 'canary' && code === 'unavailable' && bodyStream === undefined && !signal.aborted
