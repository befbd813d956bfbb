import type { CallMinute } from '../../../src/data/cost/read-minutes.ts'

/** A request that may come to a function. */
export interface Arrival {
  /** In seconds since 1970. */
  readonly at: number
  /** What it asks for, where that could be cached. */
  readonly resource?: number
}

const HASHES = 2 ** 31
/** What is taken for the like of a resource whose requests are known comes so much before or after those. */
const SPREAD_SECONDS = 0.5

/** When the function was called, of all gateways and relays together. */
export const callsIn = (minutes: readonly CallMinute[]): readonly Arrival[] =>
  minutes
    .flatMap(({ second, began }) =>
      pairs(began).flatMap(([ms, count]) => Array.from({ length: count }, () => ({ at: second + ms / 1_000 }))),
    )
    .sort((a, b) => a.at - b.at)

/**
 * When resources were asked for that could be cached, whoever answered. Of a sample of resources all requests are known; each of these stands for
 * as many others as there are for one in the sample.
 */
export function requestsIn(minutes: readonly CallMinute[]): readonly Arrival[] {
  const share = minutes.reduce((least, { share }) => Math.min(least, share), 1)
  const copies = Array.from({ length: Math.round(1 / share) }, (_, i) => i)
  const jitter = (copy: number) => (copy === 0 ? 0 : (((copy * 7_919) % 1_000) / 500 - 1) * SPREAD_SECONDS)
  return minutes
    .flatMap(({ second, asked }) => pairs(asked ?? []).map(([ms, hash]) => ({ at: second + ms / 1_000, hash })))
    .filter(({ hash }) => hash < share * HASHES)
    .flatMap(({ at, hash }) => copies.map((copy) => ({ at: at + jitter(copy), resource: copy * HASHES + hash })))
    .sort((a, b) => a.at - b.at)
}

function pairs(flat: readonly number[]): readonly (readonly [number, number])[] {
  const all: (readonly [number, number])[] = []
  for (let i = 0; i + 1 < flat.length; i += 2) all.push([flat[i] ?? 0, flat[i + 1] ?? 0])
  return all
}
