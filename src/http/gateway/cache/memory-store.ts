import { type CachedResponse, type CacheStore, concerns, type Purge } from './store.ts'

/** A store that never waits. */
export interface MemoryStore extends CacheStore {
  readonly get: (key: string) => readonly CachedResponse[]
  readonly put: (key: string, response: CachedResponse, since: number) => void
  readonly remove: (key: string, variant: string) => void
  readonly purge: (purge: Purge) => void
  /** Forgets everything, also what is under way. */
  readonly clear: () => void
  /** What it holds: keys, and bytes. */
  readonly stats: () => { readonly entries: number; readonly bytes: number }
}

interface MemoryStoreOptions {
  /** What all responses, with their headers and what is kept about them, may take. */
  readonly maxBytes: number
  readonly now?: () => number
  /** Called for each key that had to make room. */
  readonly onEvicted?: () => void
}

interface Entry {
  readonly variants: readonly CachedResponse[]
  readonly bytes: number
}

const NONE: readonly CachedResponse[] = []
/** What one response costs besides its texts and its body. */
const OVERHEAD_BYTES = 600
/** More variants than these push out the oldest: a client cannot make them without end. */
const MAX_VARIANTS = 32
/** Purges that are remembered for responses that are under way. */
const MAX_PURGES = 1_000

/** Keeps responses in memory, never more than so many bytes: what was not used for longest goes first. Nothing in it waits. */
export function createMemoryStore({ maxBytes, now = Date.now, onEvicted }: MemoryStoreOptions): MemoryStore {
  /** In the order of their last use. */
  const entries = new Map<string, Entry>()
  /** The keys under which there may be something that a purge concerns, by what can be purged. */
  const keysBy = new Map<string, Set<string>>()
  const purges: Purge[] = []
  let [bytes, generation] = [0, 0]

  const index = (key: string, response: CachedResponse) => {
    for (const name of purgeableBy(response)) {
      const keys = keysBy.get(name)
      if (keys) keys.add(key)
      else keysBy.set(name, new Set([key]))
    }
  }
  const unindex = (key: string, response: CachedResponse) => {
    for (const name of purgeableBy(response)) {
      const keys = keysBy.get(name)
      keys?.delete(key)
      if (keys?.size === 0) keysBy.delete(name)
    }
  }
  const set = (key: string, variants: readonly CachedResponse[]) => {
    const known = entries.get(key)
    if (known) {
      bytes -= known.bytes
      entries.delete(key)
      for (const each of known.variants) unindex(key, each)
    }
    if (variants.length === 0) return
    const entry = { variants, bytes: variants.reduce((sum, each) => sum + sizeOf(key, each), 0) }
    entries.set(key, entry)
    for (const each of variants) index(key, each)
    bytes += entry.bytes
  }
  const isPurged = (response: CachedResponse, since: number) =>
    generation - since > purges.length ||
    purges.slice(purges.length - (generation - since)).some((purge) => concerns(purge, response))

  return {
    get: (key) => {
      const entry = entries.get(key)
      if (!entry) return NONE
      entries.delete(key)
      entries.set(key, entry)
      return entry.variants
    },
    put: (key, response, since) => {
      if (sizeOf(key, response) > maxBytes || (since < generation && isPurged(response, since))) return
      const time = now()
      const others = (entries.get(key)?.variants ?? NONE).filter(
        (each) => each.variant !== response.variant && each.keepUntil > time,
      )
      const variants = [response, ...others.slice(0, MAX_VARIANTS - 1)]
      set(key, variants)
      for (const [oldest, { variants }] of entries) {
        if (bytes <= maxBytes) break
        onEvicted?.()
        set(oldest, variants.length > 1 && oldest === key ? variants.slice(0, -1) : NONE)
      }
    },
    remove: (key, variant) => {
      const entry = entries.get(key)
      if (entry)
        set(
          key,
          entry.variants.filter((each) => each.variant !== variant),
        )
    },
    purge: (purge) => {
      generation++
      purges.push(purge)
      if (purges.length > MAX_PURGES) purges.shift()
      for (const key of keysBy.get(nameOf(purge)) ?? []) {
        set(
          key,
          (entries.get(key)?.variants ?? NONE).filter((each) => !concerns(purge, each)),
        )
      }
    },
    clear: () => {
      // It began before all purges that are remembered.
      generation += MAX_PURGES + 1
      entries.clear()
      keysBy.clear()
      bytes = 0
    },
    generation: () => generation,
    stats: () => ({ entries: entries.size, bytes }),
  }
}

const nameOf = (purge: Purge): string =>
  'tag' in purge ? `tag ${purge.tag}` : 'route' in purge ? `route ${purge.route}` : `url ${purge.url}`

const purgeableBy = ({ tags, route, url }: CachedResponse): readonly string[] => [
  ...tags.map((tag) => nameOf({ tag })),
  nameOf({ route }),
  nameOf({ url }),
]

function sizeOf(key: string, { body, headers, variant, url, tags }: CachedResponse): number {
  let length = key.length + variant.length * 2 + url.length
  for (const name in headers) length += name.length + (headers[name]?.length ?? 0) + 16
  for (const tag of tags) length += tag.length + 16
  return OVERHEAD_BYTES + body.byteLength + length * 2
}
