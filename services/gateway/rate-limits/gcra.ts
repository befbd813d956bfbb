import type { RateLimitDecision } from 'ebb/http/gateway'
import type { Limit } from '../../../src/contract/index.ts'

/** A limit as the generic cell rate algorithm counts: whole microseconds, so that nothing is lost to rounding. */
export interface Pace {
  /** Between two requests at the average rate; rounded up, so that the limit is never exceeded. */
  readonly intervalUs: number
  readonly burst: number
}

/** The decision on one request. */
export interface Decision {
  /** Until the request would be allowed; it is allowed where this is not above 0. */
  readonly waitUs: number
  /** Until the whole burst is free again. */
  readonly fullInUs: number
}

/** The pace of a limit, or of each of `shares` gateways that apply it together. */
export const paceOf = ({ requests, perSeconds, burst }: Limit, { shares = 1 } = {}): Pace => ({
  intervalUs: Math.ceil((perSeconds * 1_000_000 * shares) / requests),
  burst: Math.max(1, Math.floor(burst / shares)),
})

/** Decides on a request at `nowUs`, where the whole burst would be free at `fullAtUs`. The same as in `redis-limiter`. */
export function decide(fullAtUs: number, nowUs: number, { intervalUs, burst }: Pace): Decision {
  // Never more than a burst is owed, whatever clock or limit was before.
  const owedUs = Math.min(Math.max(fullAtUs - nowUs, 0), burst * intervalUs)
  const waitUs = owedUs + intervalUs - burst * intervalUs
  return { waitUs, fullInUs: waitUs > 0 ? owedUs : owedUs + intervalUs }
}

/** The same decision where another limit refuses the request. */
export const uncounted = ({ waitUs, fullInUs }: Decision, { intervalUs }: Pace): Decision => ({
  waitUs,
  fullInUs: waitUs > 0 ? fullInUs : fullInUs - intervalUs,
})

/**
 * The decision as the pipeline sees it, in whole seconds, rounded so that no caller comes back too early. `isCounted` says
 * whether the request was counted: one that this limit allows may be refused by another.
 */
export function toRateLimitDecision(
  { waitUs, fullInUs }: Decision,
  { intervalUs }: Pace,
  { isCounted = waitUs <= 0 } = {},
): RateLimitDecision {
  const allowed = waitUs <= 0
  const seconds = (us: number) => Math.ceil(us / 1_000_000)
  const remaining = Math.floor(Math.abs(waitUs) / intervalUs) + (isCounted ? 0 : 1)
  return { allowed, remaining: allowed ? remaining : 0, waitSeconds: seconds(allowed ? fullInUs : waitUs) }
}
