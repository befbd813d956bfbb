import { setTimeout as delay } from 'node:timers/promises'
import type { Problem } from '../../../contract/index.ts'
import type { Upstream } from '../dependencies.ts'
import { type CallFailure, canRetry } from './call-failure.ts'
import { createRetryBudget, retryDelayMs } from './retry-budget.ts'
import type { UpstreamRequest } from './upstream-request.ts'

/**
 * Makes a call, and once more where its connection broke, `canRetry` allows it, and neither the time nor the budget of its
 * function is spent. There is never a third attempt, and there are never two at a time.
 */
export type CallTwice = <Outcome extends Problem | object>(
  request: UpstreamRequest,
  attempts: Attempts<Outcome>,
) => Promise<Outcome | CallFailure | undefined>

interface Attempts<Outcome> {
  /** Of the upstream's own time, as far as the first attempt has not spent it. */
  readonly remainingMs: number
  readonly first: () => Promise<Outcome | CallFailure | undefined>
  /** Has so much of the upstream's own time left. */
  readonly second: (remainingMs: number, failure: CallFailure) => Promise<Outcome | CallFailure | undefined>
}

export function createRetries({ onRetry }: Pick<Upstream, 'onRetry'>): CallTwice {
  const budget = createRetryBudget()
  return async function callTwice(request, { remainingMs, first, second }) {
    const { name } = request.route
    budget.earn(name)
    const startedAt = performance.now()
    const outcome = await first()
    if (!isCallFailure(outcome) || !canRetry(outcome, request)) return outcome
    // What was sent may have taken the upstream all that time.
    const leftMs = () => (outcome.sent ? Math.floor(remainingMs - (performance.now() - startedAt)) : remainingMs)
    if (leftMs() < 2) return outcome
    const isAffordable = budget.spend(name)
    onRetry?.(name, isAffordable ? 'retried' : 'refused')
    if (!isAffordable) return outcome
    await waitFor(retryDelayMs(leftMs()), request.signal)
    return second(Math.max(1, leftMs()), outcome)
  }
}

export const isCallFailure = (outcome: object | undefined): outcome is CallFailure =>
  outcome !== undefined && 'sent' in outcome

/** Resolves after that time, or at once where the request is over. */
const waitFor = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
