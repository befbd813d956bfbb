import type { Limit } from 'ebb/contract'
import type { Allowance } from 'ebb/http/gateway'
import { judge, paceOf, toAllowance } from './gcra.ts'

const MOST = 50_000

/**
 * Limits within this process: each of `shares` gateways allows its part, at least one request. Remembers the `most`
 * (50,000) callers that came last; whoever is forgotten begins anew.
 */
export function localLimiter({ shares = 1, most = MOST, now = nowUs } = {}) {
  const fullAt = new Map<string, number>()
  return function take(key: string, limit: Limit): Allowance {
    const pace = paceOf(limit, { shares })
    const at = now()
    const judged = judge(fullAt.get(key) ?? at, at, pace)
    fullAt.delete(key)
    fullAt.set(key, at + judged.fullInUs)
    if (fullAt.size > most) fullAt.delete(fullAt.keys().next().value ?? '')
    return toAllowance(judged, pace)
  }
}

const nowUs = () => Math.floor(performance.now() * 1_000)
