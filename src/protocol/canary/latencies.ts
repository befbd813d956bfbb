/** Upper bounds in ms, each a tenth above the one before: 1 ms to more than a minute, and one for what takes longer. */
const GROWTH = 1.1
const BOUNDS = Array.from({ length: 117 }, (_, i) => GROWTH ** i)

/** How many waits there were of each length. */
export type Latencies = readonly number[]
export const LATENCY_BUCKETS = BOUNDS.length + 1
export const noLatencies = () => Array<number>(LATENCY_BUCKETS).fill(0)

/** The bucket of a wait. */
export function bucketOf(ms: number): number {
  if (ms <= 1) return 0
  // One off, at most, where rounding decides.
  let bucket = Math.min(BOUNDS.length, Math.ceil(Math.log(ms) / Math.log(GROWTH)))
  while (bucket > 0 && (BOUNDS[bucket - 1] ?? 0) >= ms) bucket--
  while (bucket < BOUNDS.length && (BOUNDS[bucket] ?? 0) < ms) bucket++
  return bucket
}

export const addLatencies = (a: Latencies, b: Latencies): Latencies => a.map((count, i) => count + (b[i] ?? 0))
export const countOf = (latencies: Latencies) => latencies.reduce((sum, count) => sum + count, 0)

/** The upper bound of the bucket that holds this part of all, in ms; undefined where there are none. */
export function quantileOf(latencies: Latencies, part: number): number | undefined {
  const all = countOf(latencies)
  if (all === 0) return undefined
  let passed = 0
  const found = latencies.findIndex((count) => {
    passed += count
    return passed >= all * part
  })
  return BOUNDS[found] ?? BOUNDS.at(-1)
}

/** How many were longer than this: only whole buckets beyond it count. */
export const countSlower = (latencies: Latencies, ms: number): number => countOf(latencies.slice(bucketOf(ms) + 1))
