import { createHash } from 'node:crypto'

/** Choices that look random, and are the same for the same seed. */
export interface Random {
  /** From 0 to below 1. */
  fraction(): number
  /** Both ends included. */
  integer(min: number, max: number): number
  /** Throws a RangeError where there is nothing to pick. */
  pick<Item>(items: readonly Item[]): Item
}

/** Mulberry32, which is enough for samples and for nothing secret. */
export function createRandom(seed: string): Random {
  let state = createHash('sha256').update(seed).digest().readUInt32LE()
  const fraction = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (min: number, max: number) => min + Math.floor(fraction() * (max - min + 1))
  const pick = <Item>(items: readonly Item[]) => {
    const index = integer(0, items.length - 1)
    if (!(index in items)) throw new RangeError('there is nothing to pick from')
    // The index was just seen to be one of the list.
    return items[index] as Item
  }
  return { fraction, integer, pick }
}
