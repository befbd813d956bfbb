/** How many calls took how long: counts by the logarithm of their milliseconds, each bucket 2 % wide. */
export type Durations = Map<number, number>

const BASE = Math.log(1.02)
const MIN_MS = 0.05

/** Counts one more. */
export function countDuration(durations: Durations, ms: number): void {
  const bucket = Math.round(Math.log(Math.max(ms, MIN_MS)) / BASE)
  durations.set(bucket, (durations.get(bucket) ?? 0) + 1)
}

/** The milliseconds that a bucket stands for. */
export const msOf = (bucket: number): number => Math.exp(bucket * BASE)
