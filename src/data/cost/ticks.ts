/** How many there were at which millisecond of a minute: as exact as a bounded number of pairs allows. */
export type Ticks = ReturnType<typeof createTicks>

const MAX_PAIRS = 1_000

/** Counts by millisecond; where there are too many of those, two are taken for one, and so on. */
export function createTicks() {
  let counts = new Map<number, number>()
  let widthMs = 1
  const add = (ms: number, by: number) => {
    const tick = Math.floor(ms / widthMs) * widthMs
    counts.set(tick, (counts.get(tick) ?? 0) + by)
  }
  return {
    count(ms: number): void {
      add(ms, 1)
      while (counts.size > MAX_PAIRS) {
        widthMs *= 2
        const before = counts
        counts = new Map()
        for (const [tick, count] of before) add(tick, count)
      }
    },
    /** Pairs of a millisecond and a count, in the order of time. */
    pairs: (): readonly number[] => [...counts].sort(([a], [b]) => a - b).flat(),
    total: () => counts.values().reduce((sum, count) => sum + count, 0),
  }
}
