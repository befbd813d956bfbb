export interface RetryDelayOptions {
  readonly minDelayMs: number
  readonly maxDelayMs: number
  /** What the subscriber asked for. */
  readonly retryAfterMs?: number | undefined
  /** From 0 up to but not including 1. */
  readonly random?: () => number
}

const MAX_RETRY_AFTER_MS = 3_600_000

/**
 * The wait in milliseconds after failed attempt number `attempt` (1 is the first): exponential, with full jitter
 * above the minimum.
 *
 *     cap   = min(maxDelayMs, minDelayMs * 2^(attempt - 1))
 *     delay = minDelayMs + random * (cap - minDelayMs)
 *
 * A Retry-After moves it further away, never nearer, and by at most an hour.
 */
export function retryDelayMs(
  attempt: number,
  { minDelayMs, maxDelayMs, retryAfterMs = 0, random = Math.random }: RetryDelayOptions,
): number {
  const capMs = Math.min(maxDelayMs, minDelayMs * 2 ** (attempt - 1))
  const delayMs = minDelayMs + random() * (capMs - minDelayMs)
  return Math.round(Math.max(delayMs, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)))
}

/**
 * Reads a Retry-After (RFC 9110: seconds, or an HTTP-date) as milliseconds from now; undefined where it is neither.
 * A date is held against the `Date` of the same answer, so that two clocks need not agree.
 */
export function parseRetryAfter(value: string | undefined, date: string | undefined): number | undefined {
  if (!value) return undefined
  if (/^\d+$/.test(value)) return Number(value) * 1_000
  const sentAt = date === undefined ? Number.NaN : Date.parse(date)
  const waitMs = Date.parse(value) - (Number.isNaN(sentAt) ? Date.now() : sentAt)
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs)
}
