import { countDuration, type Durations, msOf } from '../../../src/data/cost/durations.ts'
import type { RecordedDurations } from '../../../src/data/cost/read-minutes.ts'

/** So far apart are draws in a row that any number of them is evenly spread. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2

/** How long calls took. */
export interface Distribution {
  readonly count: number
  /** The milliseconds that this share of them took at most; undefined where there were none. */
  readonly quantile: (share: number) => number | undefined
}

/** Adds up what minutes have counted, and these. */
export function distributionOf(counted: readonly RecordedDurations[], more: readonly Durations[] = []): Distribution {
  const sums = new Map<number, number>()
  const add = (bucket: number, count: number) => sums.set(bucket, (sums.get(bucket) ?? 0) + count)
  for (const one of counted) for (const [bucket, count] of Object.entries(one)) add(Number(bucket), count)
  for (const one of more) for (const [bucket, count] of one) add(bucket, count)
  const sorted = [...sums].sort(([a], [b]) => a - b)
  let total = 0
  const upTo = sorted.map(([bucket, count]) => {
    total += count
    return { bucket, seen: total }
  })
  return {
    count: total,
    quantile: (share) => {
      const found = upTo.find(({ seen }) => seen >= share * total * (1 - Number.EPSILON))
      return found && msOf(found.bucket)
    },
  }
}

/** Returns one duration after the other in an order that is the same each time, and as a whole distributed like these. */
export function drawFrom({ quantile }: Distribution, otherwiseMs: number): () => number {
  // A table: the search for a quantile would be the most that a simulation does.
  const table = Array.from({ length: DRAWS }, (_, i) => quantile((i + 0.5) / DRAWS) ?? otherwiseMs)
  let at = 0.5
  return () => {
    at = (at + GOLDEN_RATIO) % 1
    return table[Math.floor(at * DRAWS)] ?? otherwiseMs
  }
}

const DRAWS = 1_000

/** Counts durations. */
export function createDurations() {
  const durations: Durations = new Map()
  return { durations, count: (ms: number) => countDuration(durations, ms) }
}
