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
  const peaks = new Map(load.map(({ second, peak }) => [second, peak]))
  const left = new Map<number, Load>()
  let [hits, previous] = [0, Number.NEGATIVE_INFINITY]
  for (const { second, hash } of accesses) {
    if (second < (freshUntil.get(hash) ?? Number.NEGATIVE_INFINITY)) hits++
    else {
      freshUntil.set(hash, second + maxAgeSeconds)
      keep(second, previous)
    }
    previous = second
  }

  /** A request is noted when it is over: from the one before it on, what was in flight was there for this one. */
  function keep(second: number, previous: number) {
    const { began = 0, peak = 1 } = left.get(second) ?? {}
    left.set(second, { second, began: began + 1 / share, peak: Math.max(peak, peaks.get(second) ?? 1) })
    for (let at = second - 1; at > previous && peaks.has(at); at--)
      left.set(at, { second: at, began: left.get(at)?.began ?? 0, peak: peaks.get(at) ?? 1 })
  }
  return { asked: accesses.length / share, hits: hits / share, load: [...left.values()] }
}

const pairs = (flat: readonly number[]): readonly (readonly [number, number])[] =>
  flat.flatMap((value, i) => (i % 2 === 0 ? [[value, flat[i + 1] ?? 0] as const] : []))
