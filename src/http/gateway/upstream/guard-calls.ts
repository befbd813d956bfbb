import { Problem, type Route } from '../../../contract/index.ts'
import type { GatewayMetrics } from '../dependencies.ts'
import { createFunctionLimits } from '../function-limits.ts'
import type { CallFailure } from './call-failure.ts'
import type { BreakerStatus, CallVerdict, CircuitBreakers } from './circuit-breakers.ts'
import { calledNameOf, type UpstreamRequest } from './upstream-request.ts'

interface CallGuardOptions {
  readonly breakers: CircuitBreakers
  readonly shed: GatewayMetrics['shed']
}

/** What is told of a call while it is made. */
export interface CallObserver {
  /** The upstream, or something in its place, has begun to respond. */
  readonly responded: (verdict: CallVerdict | undefined) => void
  /** There was no response, or it broke off. */
  readonly failed: (failure: CallFailure | Problem) => void
}

/** One call to a function, from the decision that it may be made to its end. */
export interface GuardedCall {
  readonly responded: CallObserver['responded']
  /** The call is over; `verdict` where that says more than its response did. */
  readonly end: (verdict?: CallVerdict) => void
}

/** Decides which calls to functions are made: a Problem where a breaker is open, or its function is overloaded. */
export type CallGuard = (request: UpstreamRequest) => GuardedCall | Problem

/** What would decide about a call now. */
export interface CallState {
  readonly inFlight: number
  readonly limit: number
  /** Undefined where the function was never called. */
  readonly breaker: BreakerStatus | undefined
  /** What a call would be refused with. */
  readonly refusal: Problem | undefined
}

export function createCallGuard({ breakers, shed }: CallGuardOptions) {
  const limits = createFunctionLimits()
  const { acquire } = limits
  const inspect = (route: Route): CallState => {
    const { inFlight, limit } = limits.inspect(route)
    const breaker = breakers.list().find(({ name }) => name === route.name)
    const overloaded = inFlight >= limit ? OVERLOADED : undefined
    const refusal = breaker?.state === 'open' ? breakerOpen(breaker.opensAgainInMs) : overloaded
    return { inFlight, limit, breaker, refusal }
  }
  const guardCall: CallGuard = function guardCall(request) {
    const { route, signal } = request
    const name = calledNameOf(request)
    const passage = breakers.enter(name)
    if (typeof passage === 'object') {
      request.shortCircuitReason = 'breaker_open'
      return breakerOpen(passage.retryAfterMs)
    }
    const startedAt = performance.now()
    let hasLeft = false
    const leave = (verdict: CallVerdict | undefined, limitCanShrink: boolean) => {
      if (!hasLeft) breakers.leave(name, passage, { verdict, limitCanShrink })
      hasLeft = true
    }
    const slot = acquire({ ...route, name })
    if (!slot) {
      leave(undefined, false)
      shed('function')
      return OVERLOADED
    }
    let verdict: CallVerdict | undefined
    return {
      responded: (given) => {
        verdict = given
        // The others wait for what this one learns, which may be long before it ends.
        if (passage === 'probe' && given) leave(given, slot.canShrink())
      },
      end: (given) => {
        if (given) verdict = given
        if (signal.aborted || !request.invoked) verdict = undefined
        leave(verdict, slot.canShrink())
        // What cannot be reached says nothing about how much it could do.
        if (verdict !== 'answered' && verdict !== 'overloaded') return slot.release()
        const durationMs = (request.respondedAt ?? performance.now()) - startedAt
        const overloaded = verdict === 'overloaded'
        slot.release({ overloaded, durationMs, cold: request.cold === true })
      },
    }
  }
  return { guardCall, inspect }
}

const breakerOpen = (retryAfterMs: number) =>
  new Problem('unavailable', 503, 'The function has failed too often; it is called again soon.', {
    retryAfterSeconds: Math.ceil(retryAfterMs / 1_000),
  })

const OVERLOADED = new Problem('unavailable', 503, 'The function is overloaded; retry later.', {
  retryAfterSeconds: 1,
})
