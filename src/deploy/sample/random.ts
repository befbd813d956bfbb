import { createHash } from 'node:crypto'

/** A seeded random generator: the same seed gives the same values. */
export interface Random {
  /** At least 0 and less than 1. */
  fraction(): number
  /** Both ends included. */
  integer(min: number, max: number): number
  /** Throws a RangeError if there is nothing to pick from. */
  pick<Item>(items: readonly Item[]): Item
}

/** Mulberry32: good enough for samples, not for secrets. */
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
    // The index was just checked to be in the list.
    return items[index] as Item
  }
  return { fraction, integer, pick }
}
