/** The shares of the callers that a canary gets one after the other, in percent: never so many that there is nothing to compare it with. */
export const DEFAULT_STEPS: readonly number[] = [10, 50]
export const MAX_SHARE = 50
/** Of each step, before the next: by then 5 % more errors are found, mostly (`node bench/canary/run.ts`). */
export const DEFAULT_REQUESTS = 120
export const DEFAULT_SECONDS = 30
