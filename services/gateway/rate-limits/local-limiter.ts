import type { Limit } from 'ebb/contract'
import type { Allowance } from 'ebb/http/gateway'
import { judge, paceOf, toAllowance } from './gcra.ts'

const MOST = 50_000

/** Of one caller: until when it would owe something, in microseconds of this process's clock. */
interface Known {
  /** As this process judges it. */
  readonly fullAt: number
  /** By all that was let through here, whoever judged it. */
  readonly passedAt: number
  /** By what the shared limiter does not know of. */
  readonly untoldAt: number
}

export interface LocalLimiter {
  /** Judges a request. */
  readonly take: (key: string, limit: Limit) => Allowance
  /** Counts one that the shared limiter has let through. */
  readonly note: (key: string, limit: Limit) => void
  /** How many requests of this caller are owed that the shared limiter does not know of; whoever asks tells it. */
  readonly tell: (key: string, limit: Limit) => number
  /** Takes that back: it could not be told. */
  readonly untell: (key: string, limit: Limit, requests: number) => void
  /** From here on the shared limiter knows nothing of what was let through. */
  readonly tellAll: () => void
}

/**
 * Limits within this process: each of `shares` gateways allows its part, at least one request. Remembers the `most`
 * (50,000) callers that came last; whoever is forgotten begins anew.
 */
export function localLimiter({ shares = 1, most = MOST, now = nowUs } = {}): LocalLimiter {
  const known = new Map<string, Known>()
  const remember = (key: string, one: Known) => {
    known.delete(key)
    known.set(key, one)
    if (known.size > most) known.delete(known.keys().next().value ?? '')
  }
  const pass = (key: string, limit: Limit, { isTold }: { readonly isTold: boolean }): Allowance => {
    const pace = paceOf(limit, { shares })
    const at = now()
    const { fullAt, passedAt, untoldAt } = known.get(key) ?? { fullAt: at, passedAt: at, untoldAt: at }
    const judged = judge(fullAt, at, pace)
    const passed = isTold || judged.waitUs <= 0
    remember(key, {
      fullAt: at + judged.fullInUs,
      // Others may have had less than their shares, and this one more: never more than the whole burst.
      passedAt: passed
        ? Math.min(Math.max(passedAt, at) + pace.intervalUs, at + paceOf(limit).burst * pace.intervalUs)
        : passedAt,
      untoldAt: passed && !isTold ? Math.max(untoldAt, at) + pace.intervalUs : untoldAt,
    })
    return toAllowance(judged, pace)
  }
  return {
    take: (key, limit) => pass(key, limit, { isTold: false }),
    note: (key, limit) => void pass(key, limit, { isTold: true }),
    tell: (key, limit) => {
      const one = known.get(key)
      const at = now()
      if (!one || one.untoldAt <= at) return 0
      known.set(key, { ...one, untoldAt: at })
      return Math.ceil((one.untoldAt - at) / paceOf(limit, { shares }).intervalUs)
    },
    untell: (key, limit, requests) => {
      const one = known.get(key)
      const owedUs = requests * paceOf(limit, { shares }).intervalUs
      if (one) known.set(key, { ...one, untoldAt: Math.max(one.untoldAt, now()) + owedUs })
    },
    tellAll: () => {
      for (const [key, one] of known) known.set(key, { ...one, untoldAt: one.passedAt })
    },
  }
}

const nowUs = () => Math.floor(performance.now() * 1_000)
