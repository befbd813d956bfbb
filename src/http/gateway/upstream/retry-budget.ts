/** What a retry costs: one of five requests may be sent once more, since a fault of all must not double a function's load. */
const REQUESTS_PER_RETRY = 5
/** What may be retried at once, and what a function that is seldom called has from the start. */
const RESERVE = 10 * REQUESTS_PER_RETRY

export interface RetryBudget {
  /** Counts a request to the function, which earns a fifth of a retry. */
  readonly earn: (functionName: string) => void
  /** Takes a retry; false where there is none left. */
  readonly spend: (functionName: string) => boolean
}

/** Bounds the retries to each function: of any number of requests in a row a fifth, and 10 more. */
export function createRetryBudget(): RetryBudget {
  const earned = new Map<string, number>()
  return {
    earn: (name) => void earned.set(name, Math.min(RESERVE, (earned.get(name) ?? RESERVE) + 1)),
    spend: (name) => {
      const left = (earned.get(name) ?? RESERVE) - REQUESTS_PER_RETRY
      if (left >= 0) earned.set(name, left)
      return left >= 0
    },
  }
}

/** The longest wait before a retry. */
const MAX_DELAY_MS = 50

/** How long a retry waits: at random ("full jitter"), so that requests that broke together do not come back together. */
export const retryDelayMs = (leftMs: number, random = Math.random): number =>
  random() * Math.max(0, Math.min(MAX_DELAY_MS, leftMs / 2))
