import DataLoader from 'dataloader'

/**
 * Looks up rows by their keys, many at once.
 * @example const order = (orders: Loader<string, { id: string; quantity: number }>) => orders.load(id)
 */
export interface Loader<Key, Row> {
  /** The row with this key; undefined where there is none. */
  readonly load: (key: Key) => Promise<Row | undefined>
}

const MAX_BATCH = 1_000

/** Collects keys until all that runs now waits for something, and loads them at once: for one operation, whose rows it keeps. */
export function createLoader<Key extends string | number, Row>(
  load: (keys: readonly Key[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => Key,
): Loader<Key, Row> {
  const loadInOrder = async (keys: readonly Key[]) => {
    const rows = new Map((await load(keys)).map((row) => [keyOf(row), row]))
    return keys.map((key) => rows.get(key))
  }
  const loader = new DataLoader<Key, Row | undefined>(loadInOrder, { maxBatchSize: MAX_BATCH })
  return { load: (key) => loader.load(key) }
}
