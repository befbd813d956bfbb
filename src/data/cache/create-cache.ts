import { randomUUID } from 'node:crypto'
import type { Log } from '../../kernel/index.ts'
import { createFlights } from './flights.ts'
import { DELETED, type Found, type Store } from './store.ts'

export interface LoadOptions {
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

export interface CacheTools {
  readonly log: Pick<Log, 'warn'>
  readonly now: () => number
  readonly random: () => number
  readonly sleep: (ms: number, value: undefined, options: { readonly signal: AbortSignal }) => Promise<unknown>
}

const MOST_BYTES = 1024 * 1024
/** How long a load elsewhere is waited for. */
const WAIT_MS = 1_000
const LOOK_AGAIN_MS = 40

/** Gets or loads: one load a key in this process, and one of all processes as long as the others need not wait long. */
export function createCache(store: Store, { log, now, random, sleep }: CacheTools): SharedCache {
  const flights = createFlights()
  let saidTooLarge = false

  /** Waits for whoever loads elsewhere; or loads, and stores what nobody has deleted meanwhile. */
  async function fill(key: string, first: Found, mine: string, options: LoadOptions): Promise<string> {
    const { signal, load, ttlMs, absentMs, staleMs } = options
    const giveUpAt = now() + WAIT_MS
    let found = first
    while (isElsewhere(found, mine) && now() < giveUpAt) {
      await sleep(LOOK_AGAIN_MS * (0.5 + random()), undefined, { signal })
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
    if (holder && holder !== DELETED) {
      if (freshMs > 0 && isStorable(text)) await store.put(key, text, { holder, forMs: freshMs + staleMs })
      else if (holder === mine) await store.release(key, mine)
    }
    return text
  }

  function isStorable(text: string): boolean {
    const bytes = Buffer.byteLength(text)
    if (bytes <= MOST_BYTES) return true
    if (!saidTooLarge) log.warn({ bytes, mostBytes: MOST_BYTES }, 'a value is too large to be cached; said only once')
    saidTooLarge = true
    return false
  }

  return {
    get: async (key, options) => {
      const mine = randomUUID()
      const found = await store.look(key, { mine, staleMs: options.staleMs })
      if (isUsable(found, mine)) return found.text
      // Whoever was given the lock begins anew: a load that is older than that may know an older value.
      const anew = found.holder === mine
      return flights.join(key, () => fill(key, found, mine, options), { anew, signal: options.signal })
    },
    delete: async (key) => {
      flights.leave(key)
      await store.forget(key)
    },
    close: store.close,
  }
}

/** Fresh, or old while somebody else makes a new one. */
const isUsable = (found: Found, mine: string): found is Found & { readonly text: string } =>
  found.text !== undefined && found.holder !== mine

const isElsewhere = ({ text, holder }: Found, mine: string) =>
  text === undefined && holder !== undefined && holder !== mine && holder !== DELETED
