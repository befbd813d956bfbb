/** The rank of one of so many by Zipf's law with the exponent 1, the first being 0: in proportion to 1 / rank, but for the first few. */
export const rankOf = (chance: number, count: number): number => Math.floor((count + 1) ** chance) - 1
