/**
 * Of what tests make up: the same in every run, so that one fails for what has changed and for nothing else. Look further
 * with another one: `EBB_SEED=7 npm test -- test/properties`.
 */
export const SEED = Number(process.env.EBB_SEED ?? 1)
