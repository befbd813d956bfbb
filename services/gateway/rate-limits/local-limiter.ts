import type { Limit } from 'ebb/contract'
import type { RateLimitDecision } from 'ebb/http/gateway'
import { decide, paceOf, toAllowance } from './gcra.ts'

const MAX_CALLERS = 50_000

/** Of one caller: until when it would owe something, in microseconds of this process's clock. */
interface CallerState {
  /** As this process judges it. */
  readonly fullAt: number
  /** By all that was let through here, whoever judged it. */
  readonly passedAt: number
  /** By what the shared limiter does not know of. */
  readonly unreportedAt: number
}

export interface LocalLimiter {
  /** Judges a request. */
  readonly take: (key: string, limit: Limit) => RateLimitDecision
  /** Counts one that the shared limiter has let through. */
  readonly record: (key: string, limit: Limit) => void
  /** How many requests of this caller are owed that the shared limiter does not know of; whoever asks tells it. */
  readonly takeUnreported: (key: string, limit: Limit) => number
  /** Takes that back: it could not be told. */
  readonly restoreUnreported: (key: string, limit: Limit, requests: number) => void
  /** From here on the shared limiter knows nothing of what was let through. */
  readonly markAllUnreported: () => void
}

/**
 * Limits within this process: each of `shares` gateways allows its part, at least one request. Remembers the `most`
 * (50,000) callers that came last; whoever is forgotten begins anew.
 */
export function createLocalLimiter({ shares = 1, most = MAX_CALLERS, now = nowUs } = {}): LocalLimiter {
  const known = new Map<string, CallerState>()
  const remember = (key: string, one: CallerState) => {
    known.delete(key)
    known.set(key, one)
    if (known.size > most) known.delete(known.keys().next().value ?? '')
  }
  const pass = (key: string, limit: Limit, { isTold }: { readonly isTold: boolean }): RateLimitDecision => {
    const pace = paceOf(limit, { shares })
    const at = now()
    const { fullAt, passedAt, unreportedAt } = known.get(key) ?? { fullAt: at, passedAt: at, unreportedAt: at }
    const judged = decide(fullAt, at, pace)
    const passed = isTold || judged.waitUs <= 0
    remember(key, {
      fullAt: at + judged.fullInUs,
      // Others may have had less than their shares, and this one more: never more than the whole burst.
      passedAt: passed
        ? Math.min(Math.max(passedAt, at) + pace.intervalUs, at + paceOf(limit).burst * pace.intervalUs)
        : passedAt,
      unreportedAt: passed && !isTold ? Math.max(unreportedAt, at) + pace.intervalUs : unreportedAt,
    })
    return toAllowance(judged, pace)
  }
  return {
    take: (key, limit) => pass(key, limit, { isTold: false }),
    record: (key, limit) => void pass(key, limit, { isTold: true }),
    takeUnreported: (key, limit) => {
      const one = known.get(key)
      const at = now()
      if (!one || one.unreportedAt <= at) return 0
      known.set(key, { ...one, unreportedAt: at })
      return Math.ceil((one.unreportedAt - at) / paceOf(limit, { shares }).intervalUs)
    },
    restoreUnreported: (key, limit, requests) => {
      const one = known.get(key)
      const owedUs = requests * paceOf(limit, { shares }).intervalUs
      if (one) known.set(key, { ...one, unreportedAt: Math.max(one.unreportedAt, now()) + owedUs })
    },
    markAllUnreported: () => {
      for (const [key, one] of known) known.set(key, { ...one, unreportedAt: one.passedAt })
    },
  }
}

const nowUs = () => Math.floor(performance.now() * 1_000)
