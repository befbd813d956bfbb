/** A map that forgets its oldest entry beyond `most`. */
export function createBoundedMap<V>(most: number) {
  const entries = new Map<string, V>()
  return {
    get: (key: string) => entries.get(key),
    set: (key: string, value: V) => {
      entries.delete(key)
      entries.set(key, value)
      if (entries.size > most) entries.delete(entries.keys().next().value ?? '')
    },
  }
}
