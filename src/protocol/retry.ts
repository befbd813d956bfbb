// Imports nothing: the packed client carries it into browsers.

export interface RetryDelayOptions {
  /** The ceiling of the first delay; it doubles with each attempt. */
  readonly initialMs: number
  /** The highest ceiling. */
  readonly maxMs: number
  /** The least delay; default: 0. */
  readonly minMs?: number
  /** What the other side asked for with Retry-After; default: 0. */
  readonly retryAfterMs?: number
  /** From 0 up to but not including 1. */
  readonly random?: () => number
}

/**
 * The delay in milliseconds after failed attempt number `attempt` (1 is the first): exponential, with full jitter, and
 * never before Retry-After. The jitter comes on top of Retry-After, so that callers who were all given the same time
 * do not all come back at the same time.
 *
 *     ceiling = min(maxMs, initialMs * 2^(attempt - 1))
 *     delay   = max(minMs, retryAfterMs) + random * (ceiling - minMs)
 */
export function retryDelayMs(
  attempt: number,
  { initialMs, maxMs, minMs = 0, retryAfterMs = 0, random = Math.random }: RetryDelayOptions,
): number {
  const ceilingMs = Math.min(maxMs, initialMs * 2 ** (attempt - 1))
  return Math.max(minMs, retryAfterMs) + random() * (ceilingMs - minMs)
}

const RETRYABLE_STATUSES = new Set([408, 425, 429, 502, 503, 504])

/**
 * Whether a client should send the same request again: 408, 425, 429, 502, 503 and 504. Not after a 500 or a 501, which
 * would fail again, or may have been half done. What the platform itself repeats or stores is decided by the wider
 * `isTransient` (src/contract/problem.ts).
 */
export const isRetryableStatus = (status: number): boolean => RETRYABLE_STATUSES.has(status)

/**
 * Reads a Retry-After (RFC 9110, 10.2.3: seconds, or an HTTP-date) as milliseconds from now; undefined where it is
 * neither. A date is compared with the `Date` of the same response, so that the two clocks need not agree.
 */
export function parseRetryAfter(value: string | null | undefined, date?: string | null): number | undefined {
  if (!value) return undefined
  if (/^\d+$/.test(value)) return Number(value) * 1_000
  const sentAt = Date.parse(date ?? '')
  const waitMs = Date.parse(value) - (Number.isNaN(sentAt) ? Date.now() : sentAt)
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs)
}
