/** A map that has at most `maxSize` entries. */
export interface BoundedMap<Key, Value> extends Iterable<readonly [Key, Value]> {
  readonly size: number
  get(key: Key): Value | undefined
  has(key: Key): boolean
  /** Makes the entry the newest one, and drops the oldest where there are too many. */
  set(key: Key, value: Value): void
  delete(key: Key): void
  clear(): void
}

/**
 * Creates a map that drops its oldest entry when a new one exceeds `maxSize`: what is remembered of callers, hosts and
 * statements must not grow with their number. Iterates over a copy, so that entries may be set meanwhile.
 * @example
 * const known = createBoundedMap<string, Caller>(10_000)
 */
export function createBoundedMap<Key, Value>(maxSize: number): BoundedMap<Key, Value> {
  const entries = new Map<Key, Value>()
  return {
    get size() {
      return entries.size
    },
    get: (key) => entries.get(key),
    has: (key) => entries.has(key),
    set: (key, value) => {
      entries.delete(key)
      entries.set(key, value)
      if (entries.size <= maxSize) return
      for (const oldest of entries.keys()) return void entries.delete(oldest)
    },
    delete: (key) => void entries.delete(key),
    clear: () => entries.clear(),
    [Symbol.iterator]: () => [...entries].values(),
  }
}

/**
 * The value of a key, created and remembered where it is not there yet. For values that are never undefined.
 * @example
 * const operationOf = (text: string) => getOrCreate(operations, text, parseOperation)
 */
export function getOrCreate<Key, Value>(map: BoundedMap<Key, Value>, key: Key, create: (key: Key) => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const created = create(key)
  map.set(key, created)
  return created
}
