import type { RateLimitDecision } from 'ebb/http/gateway'
import { createBoundedMap } from 'ebb/kernel'
import type { Limit } from '../../../src/contract/index.ts'
import { decide, paceOf, toRateLimitDecision } from './gcra.ts'

const MAX_CALLERS = 50_000

/** Of one caller: until when it would owe something, in microseconds of this process's clock. */
interface CallerState {
  /** By this process's own decisions. */
  readonly fullAt: number
  /** By all that was let through here, whichever limiter decided. */
  readonly passedAt: number
  /** By what the shared limiter does not know of. */
  readonly unreportedAt: number
}

export interface LocalLimiter {
  /** Decides on a request. */
  readonly take: (key: string, limit: Limit) => RateLimitDecision
  /** Counts a request that the shared limiter has let through. */
  readonly record: (key: string, limit: Limit) => void
  /** Returns how many of this caller's requests the shared limiter does not know of, and counts them as reported. */
  readonly takeUnreported: (key: string, limit: Limit) => number
  /** Undoes that: the report did not arrive. */
  readonly restoreUnreported: (key: string, limit: Limit, requests: number) => void
  /** To be called when the shared limiter has lost what it knew of. */
  readonly markAllUnreported: () => void
}

/**
 * Limits within this process: each of `shares` gateways allows its part, at least one request. Remembers the
 * `maxCallers` (50,000) callers that came last; one that is forgotten begins anew.
 */
export function createLocalLimiter({ shares = 1, maxCallers = MAX_CALLERS, now = nowUs } = {}): LocalLimiter {
  const callers = createBoundedMap<string, CallerState>(maxCallers)
  const pass = (key: string, limit: Limit, { isShared }: { readonly isShared: boolean }): RateLimitDecision => {
    const pace = paceOf(limit, { shares })
    const at = now()
    const { fullAt, passedAt, unreportedAt } = callers.get(key) ?? { fullAt: at, passedAt: at, unreportedAt: at }
    const decision = decide(fullAt, at, pace)
    const passed = isShared || decision.waitUs <= 0
    callers.set(key, {
      fullAt: at + decision.fullInUs,
      // Other gateways may have had less than their shares, and this one more: never more than the whole burst.
      passedAt: passed
        ? Math.min(Math.max(passedAt, at) + pace.intervalUs, at + paceOf(limit).burst * pace.intervalUs)
        : passedAt,
      unreportedAt: passed && !isShared ? Math.max(unreportedAt, at) + pace.intervalUs : unreportedAt,
    })
    return toRateLimitDecision(decision, pace)
  }
  return {
    take: (key, limit) => pass(key, limit, { isShared: false }),
    record: (key, limit) => void pass(key, limit, { isShared: true }),
    takeUnreported: (key, limit) => {
      const state = callers.get(key)
      const at = now()
      if (!state || state.unreportedAt <= at) return 0
      callers.set(key, { ...state, unreportedAt: at })
      return Math.ceil((state.unreportedAt - at) / paceOf(limit, { shares }).intervalUs)
    },
    restoreUnreported: (key, limit, requests) => {
      const state = callers.get(key)
      const owedUs = requests * paceOf(limit, { shares }).intervalUs
      if (state) callers.set(key, { ...state, unreportedAt: Math.max(state.unreportedAt, now()) + owedUs })
    },
    markAllUnreported: () => {
      for (const [key, state] of callers) callers.set(key, { ...state, unreportedAt: state.passedAt })
    },
  }
}

const nowUs = () => Math.floor(performance.now() * 1_000)
