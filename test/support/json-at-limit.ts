/** `count` of an item in so many lists of about the same length. */
const inLists = (lists: number, count: number, item: unknown) => ({
  more: Array.from({ length: lists }, (_, i) => Array(Math.floor((count + i) / lists)).fill(item)),
})
/** The document itself and what it has in `more` count as well. */
const objects = (count: number) => inLists(2, count - 4, {})
const values = (count: number) => inLists(6, count - 8, 0)
const names = (count: number) => ({
  more: Object.fromEntries(Array.from({ length: count - 1 }, (_, i) => [`n${i}`, 0])),
})

/** Documents with as much of something as any body may have in all, and with one more; and how that is refused. */
export const JSON_AT_LIMIT = [
  {
    what: 'objects and arrays',
    most: objects(20_000),
    over: objects(20_001),
    message: 'More than 20000 objects and arrays',
  },
  { what: 'values', most: values(50_000), over: values(50_001), message: 'More than 50000 values' },
  { what: 'different names', most: names(10_000), over: names(10_001), message: 'More than 10000 different names' },
] as const
