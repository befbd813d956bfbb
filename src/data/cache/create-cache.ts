import { randomUUID } from 'node:crypto'
import type { Log } from '../../kernel/index.ts'
import { createSingleFlight } from './single-flight.ts'

interface LoadOptions {
  readonly ttlMs: number
  readonly staleMs: number
  readonly absentMs: number
  /** Makes the value's text; '' where there is none. */
  readonly load: () => Promise<string>
  readonly signal: AbortSignal
}

/** A cache of texts that all requests of this process share. */
export interface SharedCache {
  get(key: string, options: LoadOptions): Promise<string>
  delete(key: string): Promise<void>
  close(): Promise<void>
}

export interface CacheDependencies {
  readonly log: Pick<Log, 'warn'>
  readonly now: () => number
  readonly random: () => number
  readonly sleep: (ms: number, value: undefined, options: { readonly signal: AbortSignal }) => Promise<unknown>
}

const MAX_BYTES = 1024 * 1024
/** How long a load elsewhere is waited for. */
const MAX_WAIT_MS = 1_000
const POLL_INTERVAL_MS = 40

/** Gets or loads: one load a key in this process, and one of all processes as long as the others need not wait long. */
export function createCache(store: CacheStore, { log, now, random, sleep }: CacheDependencies): SharedCache {
  const flights = createSingleFlight()
  let saidTooLarge = false

  /** Waits for whoever loads elsewhere; or loads, and stores what nobody has deleted meanwhile. */
  async function fill(key: string, first: Lookup, mine: string, options: LoadOptions): Promise<string> {
    const { signal, load, ttlMs, absentMs, staleMs } = options
    const giveUpAt = now() + MAX_WAIT_MS
    let found = first
    while (isLoadedElsewhere(found, mine) && now() < giveUpAt) {
      await sleep(POLL_INTERVAL_MS * (0.5 + random()), undefined, { signal })
      found = await store.look(key, { mine, staleMs })
    }
    if (isUsable(found, mine)) return found.text
    const { holder } = found
    let text: string
    try {
      text = await load()
    } catch (fault) {
      if (holder === mine) await store.release(key, mine)
      throw fault
    }
    const freshMs = text === '' ? absentMs : ttlMs
    if (holder && holder !== TOMBSTONE) {
      if (freshMs > 0 && isStorable(text)) await store.put(key, text, { holder, forMs: freshMs + staleMs })
      else if (holder === mine) await store.release(key, mine)
    }
    return text
  }

  function isStorable(text: string): boolean {
    const bytes = Buffer.byteLength(text)
    if (bytes <= MAX_BYTES) return true
    if (!saidTooLarge) log.warn({ bytes, mostBytes: MAX_BYTES }, 'a value is too large to be cached; said only once')
    saidTooLarge = true
    return false
  }

  return {
    get: async (key, options) => {
      const mine = randomUUID()
      const found = await store.look(key, { mine, staleMs: options.staleMs })
      if (isUsable(found, mine)) return found.text
      // Whoever was given the lock begins anew: a load that is older than that may know an older value.
      const forceNew = found.holder === mine
      return flights.join(key, () => fill(key, found, mine, options), { forceNew, signal: options.signal })
    },
    delete: async (key) => {
      flights.leave(key)
      await store.forget(key)
    },
    close: store.close,
  }
}

/** Fresh, or old while somebody else makes a new one. */
const isUsable = (found: Lookup, mine: string): found is Lookup & { readonly text: string } =>
  found.text !== undefined && found.holder !== mine

const isLoadedElsewhere = ({ text, holder }: Lookup, mine: string) =>
  text === undefined && holder !== undefined && holder !== mine && holder !== TOMBSTONE

/** What is known of a key: nothing at all where the store is away. */
interface Lookup {
  readonly text?: string
  /** Who makes a new value: set where there is none, or only an old one. */
  readonly holder?: string
}

/** Texts with an end, and who may make new ones. Never rejects. */
export interface CacheStore {
  /** Finds a text. Where it ends within `staleMs`, or there is none, `mine` becomes the holder unless there is one. */
  look(key: string, options: { readonly mine: string; readonly staleMs: number }): Promise<Lookup>
  /** Stores a text, unless the holder is another one by now. */
  put(key: string, text: string, options: { readonly holder: string; readonly forMs: number }): Promise<void>
  release(key: string, holder: string): Promise<void>
  /** Removes a text, and makes DELETED the holder for 2 s. */
  forget(key: string): Promise<void>
  close(): Promise<void>
}

/** The holder of what was just deleted: nobody may store it. */
export const TOMBSTONE = 'deleted'

/** Knows nothing. */
export const nullStore: CacheStore = {
  look: async () => ({}),
  put: async () => {},
  release: async () => {},
  forget: async () => {},
  close: async () => {},
}
