import { randomUUID } from 'node:crypto'
import type { Log } from '../../kernel/index.ts'
import { createSingleFlight } from './single-flight.ts'

interface LoadOptions {
  readonly ttlMs: number
  readonly staleMs: number
  readonly absentMs: number
  /** Makes the value's text; '' if there is no value. */
  readonly load: () => Promise<string>
  readonly signal: AbortSignal
}

/** A cache of texts that all requests of this process share. */
export interface SharedCache {
  get(key: string, options: LoadOptions): Promise<string>
  delete(key: string): Promise<void>
  close(): Promise<void>
}

/** What a cache needs of its surroundings; tests replace it. */
export interface CacheDependencies {
  readonly log: Pick<Log, 'warn'>
  readonly now: () => number
  readonly random: () => number
  readonly sleep: (ms: number, value: undefined, options: { readonly signal: AbortSignal }) => Promise<unknown>
}

const MAX_BYTES = 1024 * 1024
/** How long a load in another process is waited for. */
const MAX_WAIT_MS = 1_000
const POLL_INTERVAL_MS = 40

/** Gets or loads: one load per key in this process, and one in all processes unless it takes longer than a second. */
export function createCache(store: CacheStore, { log, now, random, sleep }: CacheDependencies): SharedCache {
  const singleFlight = createSingleFlight()
  let loggedTooLarge = false

  /** Waits for a load in another process; or loads, and stores the value unless its key was deleted meanwhile. */
  async function fill(key: string, first: Lookup, token: string, options: LoadOptions): Promise<string> {
    const { signal, load, ttlMs, absentMs, staleMs } = options
    const giveUpAt = now() + MAX_WAIT_MS
    let found = first
    while (isLoadedElsewhere(found, token) && now() < giveUpAt) {
      await sleep(POLL_INTERVAL_MS * (0.5 + random()), undefined, { signal })
      found = await store.getOrLock(key, { token, staleMs })
    }
    if (isUsable(found, token)) return found.text
    const { holder } = found
    let text: string
    try {
      text = await load()
    } catch (error) {
      if (holder === token) await store.release(key, token)
      throw error
    }
    const freshMs = text === '' ? absentMs : ttlMs
    if (holder && holder !== TOMBSTONE) {
      if (freshMs > 0 && isStorable(text)) await store.put(key, text, { holder, ttlMs: freshMs + staleMs })
      else if (holder === token) await store.release(key, token)
    }
    return text
  }

  function isStorable(text: string): boolean {
    const bytes = Buffer.byteLength(text)
    if (bytes <= MAX_BYTES) return true
    if (!loggedTooLarge)
      log.warn({ bytes, mostBytes: MAX_BYTES }, 'a value is too large to be cached; logged only once')
    loggedTooLarge = true
    return false
  }

  return {
    get: async (key, options) => {
      const token = randomUUID()
      const found = await store.getOrLock(key, { token, staleMs: options.staleMs })
      if (isUsable(found, token)) return found.text
      // The holder of the lock starts a new load: one in flight began earlier, and may have read an older value.
      const forceNew = found.holder === token
      return singleFlight.run(key, () => fill(key, found, token, options), { forceNew, signal: options.signal })
    },
    delete: async (key) => {
      singleFlight.forget(key)
      await store.delete(key)
    },
    close: store.close,
  }
}

/** Fresh, or stale while another process makes a new one. */
const isUsable = (found: Lookup, token: string): found is Lookup & { readonly text: string } =>
  found.text !== undefined && found.holder !== token

const isLoadedElsewhere = ({ text, holder }: Lookup, token: string) =>
  text === undefined && holder !== undefined && holder !== token && holder !== TOMBSTONE

/** What the store has for a key: neither of both if it is unreachable. */
interface Lookup {
  readonly text?: string
  /** The token of the lock's holder, who makes a new value: set if there is no value, or a stale one. */
  readonly holder?: string
}

/** Texts that expire, with a lock per key for making a new one. Never rejects. */
export interface CacheStore {
  /** Finds a text. If there is none, or it expires within `staleMs`, the lock is given to `token` unless it is taken. */
  getOrLock(key: string, options: { readonly token: string; readonly staleMs: number }): Promise<Lookup>
  /** Stores a text and releases the lock, unless another holder has it by now. */
  put(key: string, text: string, options: { readonly holder: string; readonly ttlMs: number }): Promise<void>
  release(key: string, holder: string): Promise<void>
  /** Removes a text, and makes TOMBSTONE the holder for 2 s. */
  delete(key: string): Promise<void>
  close(): Promise<void>
}

/** The holder of a key that was just deleted: no value may be stored under it. */
export const TOMBSTONE = 'deleted'

/** Has no values, and locks nothing. */
export const nullStore: CacheStore = {
  getOrLock: async () => ({}),
  put: async () => {},
  release: async () => {},
  delete: async () => {},
  close: async () => {},
}
