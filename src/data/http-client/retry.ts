import type { Outcome } from './attempt.ts'
import type { Call } from './to-call.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** Only what has no effect, or one effect however often it is sent. */
export const mayRepeat = ({ method, headers }: Call): boolean =>
  SAFE.has(method) || headers['idempotency-key'] !== undefined

const PASSING = new Set([408, 425, 429, 502, 503, 504])

/** Whether the same request may fare better later. */
export const mayHelp = (outcome: Outcome): boolean =>
  outcome.code === 'answered'
    ? PASSING.has(outcome.received.status)
    : outcome.code === 'network' || outcome.code === 'timeout'

const FIRST_DELAY_MS = 100
const LAST_DELAY_MS = 2_000
const LONGEST_RETRY_AFTER_MS = 5_000

/**
 * The wait after as many attempts: exponential, with full jitter, and never before Retry-After; undefined where that
 * asks for more than 5 s.
 */
export function retryDelayMs(attempts: number, outcome: Outcome, random: () => number): number | undefined {
  const askedMs = outcome.code === 'answered' ? retryAfterMs(outcome.received.headers) : 0
  if (askedMs > LONGEST_RETRY_AFTER_MS) return undefined
  return askedMs + random() * Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempts - 1))
}

/** RFC 9110: seconds, or a date, which is held against the answer's own so that two clocks need not agree. */
function retryAfterMs({ 'retry-after': value = '', date = '' }: Readonly<Record<string, string>>): number {
  if (/^\d+$/.test(value)) return Number(value) * 1_000
  const waitMs = Date.parse(value) - (Date.parse(date) || Date.now())
  return Math.max(0, waitMs || 0)
}
