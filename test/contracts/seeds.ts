import { SEED } from '../support/seed.ts'

const length = process.env.EBB_TEST_SCALE === 'full' ? 101 : 4

/** Each is one round of contracts; 101 rounds are 20,200 pairs. `EBB_SEED` runs one alone. */
export const seeds: readonly number[] = process.env.EBB_SEED ? [SEED] : Array.from({ length }, (_, i) => SEED + i)
