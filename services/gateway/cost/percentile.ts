import { msOf } from '../../../src/data/cost/durations.ts'

/** Calls that took so long, by bucket, and how many they count for together. */
export interface Part {
  readonly counts: ReadonlyMap<number, number>
  readonly weight: number
}

/** The milliseconds that this share of all calls took at most; null where there were none. */
export function percentile(parts: readonly Part[], share: number): number | null {
  const all = parts.flatMap(({ counts, weight }) => {
    const sum = [...counts.values()].reduce((total, count) => total + count, 0)
    return sum === 0 ? [] : [...counts].map(([bucket, count]) => ({ bucket, weight: (count / sum) * weight }))
  })
  const limit = share * all.reduce((total, { weight }) => total + weight, 0)
  let seen = 0
  for (const { bucket, weight } of all.sort((a, b) => a.bucket - b.bucket)) {
    seen += weight
    if (weight > 0 && seen >= limit * (1 - Number.EPSILON)) return msOf(bucket)
  }
  return null
}

/** Adds counts by bucket, as they are in a row, to others. */
export function addCounts(counts: Map<number, number>, row: Readonly<Record<string, number>>): void {
  for (const [bucket, count] of Object.entries(row)) counts.set(Number(bucket), (counts.get(Number(bucket)) ?? 0) + count)
}
