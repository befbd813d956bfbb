const given = process.env.EBB_SEED
const length = process.env.EBB_TEST_SCALE === 'full' ? 101 : 4

/** Each is one round of contracts; 101 rounds are 20,200 pairs. `EBB_SEED` runs one again. */
export const seeds: readonly number[] = given
  ? [Number(given)]
  : Array.from({ length }, () => Math.floor(Math.random() * 2 ** 31))
