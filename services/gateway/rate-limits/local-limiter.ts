import type { AdmissionRequest, RateLimitDecision } from 'ebb/http/gateway'
import { createBoundedMap } from 'ebb/kernel'
import { decide, paceOf, toRateLimitDecision, uncounted } from './gcra.ts'

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

/** One of the rates that a request is counted against. */
export type Rate = AdmissionRequest['rates'][number]

export interface LocalLimiter {
  /** Decides on a request by all of its rates: none counts it where one refuses it, or where there is no room for it. */
  readonly take: (rates: readonly Rate[], options?: { readonly hasRoom: boolean }) => readonly RateLimitDecision[]
  /** Counts a request that the shared limiter has let through. */
  readonly record: (rates: readonly Rate[]) => void
  /** Takes back a request that was counted; `isShared` where the shared limiter had decided on it. */
  readonly undo: (rates: readonly Rate[], options: { readonly isShared: boolean }) => void
  /** Returns how many of this caller's requests the shared limiter does not know of, and counts them as reported. */
  readonly takeUnreported: (rate: Rate) => number
  /** Undoes that: the report did not arrive. */
  readonly restoreUnreported: (rate: Rate, requests: number) => void
  /** To be called when the shared limiter has lost what it knew of. */
  readonly markAllUnreported: () => void
}

/**
 * Limits within this process: each of `shares` gateways allows its part, at least one request. Remembers the
 * `maxCallers` (50,000) callers that came last; one that is forgotten begins anew.
 */
export function createLocalLimiter({ shares = 1, maxCallers = MAX_CALLERS, now = nowUs } = {}): LocalLimiter {
  const callers = createBoundedMap<string, CallerState>(maxCallers)
  const decisionOn = ({ key, limit }: Rate, at: number) =>
    decide(callers.get(key)?.fullAt ?? at, at, paceOf(limit, { shares }))

  /** A caller that is refused is not forgotten before others. */
  const keep = (key: string) => {
    const state = callers.get(key)
    if (state) callers.set(key, state)
  }
  const count = ({ key, limit }: Rate, at: number, { isShared }: { readonly isShared: boolean }) => {
    const pace = paceOf(limit, { shares })
    const { passedAt, unreportedAt } = callers.get(key) ?? { passedAt: at, unreportedAt: at }
    callers.set(key, {
      fullAt: at + decisionOn({ key, limit }, at).fullInUs,
      // Other gateways may have had less than their shares, and this one more: never more than the whole burst.
      passedAt: Math.min(Math.max(passedAt, at) + pace.intervalUs, at + paceOf(limit).burst * pace.intervalUs),
      unreportedAt: isShared ? unreportedAt : Math.max(unreportedAt, at) + pace.intervalUs,
    })
  }
  return {
    take: (rates, { hasRoom } = { hasRoom: true }) => {
      const at = now()
      const decided = rates.map((rate) => ({ rate, decision: decisionOn(rate, at) }))
      const isCounted = hasRoom && decided.every(({ decision }) => decision.waitUs <= 0)
      return decided.map(({ rate, decision }) => {
        if (isCounted) count(rate, at, { isShared: false })
        else keep(rate.key)
        const pace = paceOf(rate.limit, { shares })
        return toRateLimitDecision(isCounted ? decision : uncounted(decision, pace), pace, { isCounted })
      })
    },
    record: (rates) => {
      const at = now()
      for (const rate of rates) count(rate, at, { isShared: true })
    },
    undo: (rates, { isShared }) => {
      for (const { key, limit } of rates) {
        const state = callers.get(key)
        const { intervalUs } = paceOf(limit, { shares })
        if (!state) continue
        const { fullAt, passedAt, unreportedAt } = state
        callers.set(key, {
          ...{ fullAt: fullAt - intervalUs, passedAt: passedAt - intervalUs },
          unreportedAt: isShared ? unreportedAt : unreportedAt - intervalUs,
        })
      }
    },
    takeUnreported: ({ key, limit }) => {
      const state = callers.get(key)
      const at = now()
      if (!state || state.unreportedAt <= at) return 0
      callers.set(key, { ...state, unreportedAt: at })
      return Math.ceil((state.unreportedAt - at) / paceOf(limit, { shares }).intervalUs)
    },
    restoreUnreported: ({ key, limit }, requests) => {
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
