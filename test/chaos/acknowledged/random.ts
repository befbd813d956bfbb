import { createHash } from 'node:crypto'

export type Random = ReturnType<typeof createRandom>

/** What looks like chance and comes from a seed: the same one makes the same choices. */
export function createRandom(seed: number) {
  let drawn = 0
  /** From 0 to below 1. */
  const next = () => createHash('sha256').update(`${seed} ${drawn++}`).digest().readUInt32BE() / 2 ** 32
  const pick = <T>(list: readonly [T, ...(readonly T[])]): T => list[Math.floor(next() * list.length)] ?? list[0]
  return {
    next,
    pick,
    shuffle: <T>(list: readonly T[]): readonly T[] => {
      const ranked = list.map((item) => ({ item, rank: next() }))
      return ranked.sort((one, other) => one.rank - other.rank).map(({ item }) => item)
    },
  }
}
