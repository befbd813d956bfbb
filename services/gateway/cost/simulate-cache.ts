import type { CallMinute } from '../../../src/data/cost/read-minutes.ts'
import type { Load } from './simulate-lives.ts'

const HASHES = 2 ** 31

/** Requests to what could be cached: how many there were, and those that would still have come to the function, by second. */
export interface CachedLoad {
  readonly asked: number
  readonly hits: number
  readonly load: readonly Load[]
}

/**
 * What is left of a load where replies are kept for so long: all requests of a sample of resources are known, and the others are taken to be
 * like those. All gateways are taken for one, and nothing for purged.
 */
export function simulateCache(
  minutes: readonly CallMinute[],
  load: readonly Load[],
  maxAgeSeconds: number,
): CachedLoad {
  const share = minutes.reduce((least, { share }) => Math.min(least, share), 1)
  const accesses = minutes
    .flatMap(({ second, asked }) => pairs(asked ?? []).map(([at, hash]) => ({ second: second + at, hash })))
    .filter(({ hash }) => hash < share * HASHES)
    .sort((a, b) => a.second - b.second)
  const freshUntil = new Map<number, number>()
  const missed = new Map<number, number>()
  const all = new Map<number, number>()
  let hits = 0
  for (const { second, hash } of accesses) {
    all.set(second, (all.get(second) ?? 0) + 1)
    if (second < (freshUntil.get(hash) ?? Number.NEGATIVE_INFINITY)) {
      hits++
      continue
    }
    freshUntil.set(hash, second + maxAgeSeconds)
    missed.set(second, (missed.get(second) ?? 0) + 1)
  }
  const peaks = new Map(load.map(({ second, peak }) => [second, peak]))
  return {
    asked: accesses.length / share,
    hits: hits / share,
    load: [...missed].map(([second, misses]) => {
      // A request is noted when it is over, which may be a second after it began.
      const peak = Math.max(peaks.get(second) ?? 0, peaks.get(second - 1) ?? 0, 1)
      const part = misses / (all.get(second) ?? misses)
      return { second, began: Math.round(misses / share), peak: Math.max(1, Math.round(peak * part)) }
    }),
  }
}

const pairs = (flat: readonly number[]): readonly (readonly [number, number])[] =>
  flat.flatMap((value, i) => (i % 2 === 0 ? [[value, flat[i + 1] ?? 0] as const] : []))
