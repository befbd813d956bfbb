import type { Point } from './series-store.ts'

/**
 * By how much a counter has grown in a window, as Prometheus estimates it: what was measured is extended to the ends of the window,
 * but at most by half a step where the series begins or ends there, and never below zero. Undefined for fewer than two points.
 */
export function increaseOf(points: readonly Point[], fromMs: number, toMs: number): number | undefined {
  const inside = points.filter(([atMs]) => atMs >= fromMs && atMs <= toMs)
  const [first, last] = [inside[0], inside.at(-1)]
  if (!first || !last || inside.length < 2) return undefined
  let increase = last[1] - first[1]
  // A counter that became smaller was reset: it counts from 0 again.
  inside.forEach(([, value], i) => {
    const before = inside[i - 1]?.[1] ?? value
    if (value < before) increase += before
  })
  const measuredMs = last[0] - first[0]
  const stepMs = measuredMs / (inside.length - 1)
  const limitMs = stepMs * 1.1
  let beforeMs = first[0] - fromMs
  const afterMs = toMs - last[0]
  // A counter cannot have begun below zero.
  if (increase > 0 && first[1] >= 0) beforeMs = Math.min(beforeMs, measuredMs * (first[1] / increase))
  const extendedMs =
    measuredMs + (beforeMs < limitMs ? beforeMs : stepMs / 2) + (afterMs < limitMs ? afterMs : stepMs / 2)
  return (increase * extendedMs) / measuredMs
}
