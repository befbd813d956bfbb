/** Chance, the same for one seed: Mulberry32. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The rank of one of so many by Zipf's law with the exponent 1, the first being 0: in proportion to 1 / rank, but for the first few. */
export const rankOf = (chance: number, count: number): number => Math.floor((count + 1) ** chance) - 1
