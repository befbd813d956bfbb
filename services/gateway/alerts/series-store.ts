export type Labels = Readonly<Record<string, string>>

/** What one scrape, or one rule, tells of a series. */
export interface Sample {
  readonly metric: string
  readonly labels: Labels
  readonly value: number
}

/** A value of a series, at milliseconds since 1970. */
export type Point = readonly [atMs: number, value: number]

interface Series {
  readonly metric: string
  readonly labels: Labels
  points: Point[]
}

const MINUTE_MS = 60_000
/** Beyond an age, one point is kept for each so many milliseconds: what a window of three days needs is not each minute. */
const KEPT = [
  { untilMs: 65 * MINUTE_MS, everyMs: MINUTE_MS },
  { untilMs: 6.5 * 60 * MINUTE_MS, everyMs: 5 * MINUTE_MS },
  { untilMs: 73 * 60 * MINUTE_MS, everyMs: 60 * MINUTE_MS },
]
/** More series than any project has; what comes beyond is not recorded. */
const MAX_SERIES = 5_000

/** Keeps what was measured in the last three days, in at most some 220 points for each series. */
export function createSeriesStore() {
  const series = new Map<string, Series>()
  const byMetric = new Map<string, Series[]>()
  let recordedAt: number | undefined

  const add = (sample: Sample, atMs: number) => {
    const key = keyOf(sample)
    let found = series.get(key)
    if (!found) {
      if (series.size >= MAX_SERIES) return
      // A counter that is new was 0 before: it is not by a restart that it appears between two records.
      const isCounter = /_(total|count)$/.test(sample.metric)
      const points: Point[] = isCounter && recordedAt !== undefined ? [[recordedAt, 0]] : []
      found = { metric: sample.metric, labels: sample.labels, points }
      series.set(key, found)
      byMetric.set(sample.metric, [...(byMetric.get(sample.metric) ?? []), found])
    }
    if (found.points.at(-1)?.[0] === atMs) found.points.pop()
    found.points.push([atMs, sample.value])
  }
  const forget = (atMs: number) => {
    for (const [key, each] of series) {
      each.points = thin(each.points, atMs)
      if (each.points.length > 0) continue
      series.delete(key)
      byMetric.set(each.metric, byMetric.get(each.metric)?.filter((other) => other !== each) ?? [])
    }
  }
  return {
    /** Adds what was measured at one time. */
    record(samples: readonly Sample[], atMs: number): void {
      for (const sample of samples) add(sample, atMs)
      recordedAt = atMs
      forget(atMs)
    },
    /** Adds the result of a rule, at the time of the last record. */
    derive(samples: readonly Sample[], atMs: number): void {
      for (const sample of samples) add(sample, atMs)
    },
    /** The series of a metric, each with its points from the oldest on. */
    find: (metric: string): readonly Readonly<Series>[] => byMetric.get(metric) ?? [],
  }
}

export type SeriesStore = Pick<ReturnType<typeof createSeriesStore>, 'find'>

export const keyOf = ({ metric, labels }: Pick<Sample, 'metric' | 'labels'>) =>
  JSON.stringify([metric, ...Object.entries(labels).sort()])

/** Without what is too old, and the fewer points the older they are. */
function thin(points: readonly Point[], nowMs: number): Point[] {
  let keptIn: string | undefined
  return points.filter(([atMs]) => {
    const tier = KEPT.findIndex(({ untilMs }) => nowMs - atMs <= untilMs)
    const everyMs = KEPT[tier]?.everyMs
    if (everyMs === undefined) return false
    // The first of each slot stays, and so stays the same one.
    const slot = `${tier} ${Math.floor(atMs / everyMs)}`
    if (tier > 0 && slot === keptIn) return false
    keptIn = slot
    return true
  })
}
