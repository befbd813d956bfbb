import { hashOf } from '../../kernel/hash-of.ts'

/** The revision that all callers had before, or the one that takes its place if it is fine. */
export type Variant = 'stable' | 'canary'

/** By which a caller asks for one of them, where the canary allows it. */
export const VARIANT_HEADER = 'ebb-variant'

/** On a copy of a read, whose answer no caller gets: nothing is to be counted for its caller. */
export const SHADOW_HEADER = 'ebb-shadow'

/**
 * The variant that a caller, or an event, of a function gets: always the same, and the more of them the larger the share, in percent.
 * Each function has other callers first.
 */
export const assignVariant = (name: string, key: string, share: number): Variant =>
  hashOf(`${name}\n${key}`) % 10_000 < share * 100 ? 'canary' : 'stable'

/** Of synthetic checks, which come from one caller: each of them is one by itself, half of them to either. */
export const CHECK_CORRELATION = 'ebb-check-'
export const CHECK_SHARE = 50

/** What the canary of a function is called: in its address, and wherever the two must be told apart. */
export const canaryNameOf = (name: string): string => `canary-${name}`
