import { call } from '../api/call.ts'
import { type Data, useReading } from '../api/use-data.ts'
import { parseMetrics, type Sample } from './parse-metrics.ts'

const EVERY_MS = 5_000

/** The gateway's own counters that begin with one of these names. */
export const useMetrics = (...names: readonly string[]): Data<readonly Sample[]> =>
  useReading(`metrics ${names}`, async (signal) => parseMetrics(await call('metrics.read', {}, { signal }), names), {
    everyMs: EVERY_MS,
  })

/** The sum of a counter by one of its labels, the largest first. */
export function sumBy(
  samples: readonly Sample[],
  name: string,
  label: string,
): readonly (readonly [value: string, sum: number])[] {
  const sums = new Map<string, number>()
  for (const sample of samples) {
    if (sample.name !== name) continue
    const key = sample.labels[label] ?? ''
    sums.set(key, (sums.get(key) ?? 0) + sample.value)
  }
  return [...sums].sort(([, a], [, b]) => b - a)
}
