import { isRetryableStatus, parseRetryAfter, retryDelayMs } from '../../protocol/retry.ts'
import type { Outcome } from './attempt.ts'
import type { HttpRequest } from './request.ts'

const IDEMPOTENT_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** Whether a request has no effect, or one effect however often it is sent. */
export const isRepeatable = ({ method, headers, repeatable = false }: HttpRequest): boolean =>
  repeatable || IDEMPOTENT_METHODS.has(method) || headers['idempotency-key'] !== undefined

/** Whether the same request may succeed later. */
export const isRetryable = (outcome: Outcome): boolean =>
  outcome.code === 'response'
    ? isRetryableStatus(outcome.response.status)
    : outcome.code === 'network' || outcome.code === 'timeout'

const INITIAL_DELAY_MS = 100
const MAX_DELAY_MS = 2_000
const MAX_RETRY_AFTER_MS = 5_000

/**
 * The delay in milliseconds after as many attempts: exponential, with full jitter, and never before Retry-After;
 * undefined where that asks for more than 5 s.
 */
export function delayBeforeRetry(attempts: number, outcome: Outcome, random: () => number): number | undefined {
  const { 'retry-after': retryAfter, date } = outcome.code === 'response' ? outcome.response.headers : {}
  const retryAfterMs = parseRetryAfter(retryAfter, date) ?? 0
  if (retryAfterMs > MAX_RETRY_AFTER_MS) return undefined
  return retryDelayMs(attempts, { initialMs: INITIAL_DELAY_MS, maxMs: MAX_DELAY_MS, retryAfterMs, random })
}
