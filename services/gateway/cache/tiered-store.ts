import { createHash } from 'node:crypto'
import type { NewPurges } from '../../../src/data/purges.ts'
import type { Sealer } from '../../../src/data/seal.ts'
import type { MemoryStore } from '../../../src/http/gateway/cache/memory-store.ts'
import type { CachedResponse, CacheStore } from '../../../src/http/gateway/cache/store.ts'
import { createBoundedMap } from '../../../src/kernel/bounded-map.ts'
import { decodeResponse, encodeResponse, type SharedResponse } from './encode-response.ts'
import type { PurgePublisher } from './publish-purges.ts'
import { type PurgeLog, toPurge, toRow } from './purge-log.ts'
import type { RedisResponses } from './redis-responses.ts'

export interface TieredStoreOptions {
  readonly purges: PurgeLog
  readonly publisher: Pick<PurgePublisher, 'publish'>
  /** Its id in the database. */
  readonly origin: string
  /** Undefined: every gateway keeps for itself. */
  readonly shared?: { readonly redis: RedisResponses; readonly sealer: Sealer; readonly maxBytes: number } | undefined
  readonly onPurged?: (kind: 'tag' | 'route' | 'url' | 'all') => void
  readonly now?: () => number
}

/** No longer than purges are read back for, whatever its contract says. */
const MAX_SHARED_MS = 3_600_000
/** For responses that are asked for now and come later. */
const MAX_GENERATIONS = 10_000

/**
 * A store of two tiers: the memory of this gateway, and behind it a Redis of all of them. That knows nothing of purges. Each
 * response in it says at which snapshot of the database its upstream was asked; where a purge that concerns it is not in
 * that snapshot, it is not used. So a purge holds whether or not Redis could be reached when it came.
 */
export function createTieredStore(memory: MemoryStore, options: TieredStoreOptions) {
  const { purges, publisher, origin, shared, onPurged, now = Date.now } = options
  /** The latest snapshot at which no more than these purges were known. */
  const snapshots = createBoundedMap<number, string>(MAX_GENERATIONS)
  const lookups = new Map<string, Promise<readonly SharedResponse[]>>()
  let latest: string | undefined
  const remember = () => {
    if (latest !== undefined) snapshots.set(memory.generation(), latest)
  }

  const store: CacheStore = {
    get: (key) => {
      const held = memory.get(key)
      if (!shared?.redis.isUp() || held.some((response) => isFresh(response, now()))) return held
      return find(key, held)
    },
    put: (key, response, since) => {
      memory.put(key, response, since)
      const snapshot = snapshots.get(since)
      if (!shared || snapshot === undefined || response.body.length > shared.maxBytes) return
      const ttlMs = Math.min(response.keepUntil - now(), MAX_SHARED_MS)
      if (ttlMs <= 0 || !shared.redis.isUp() || purges.isPurged(response, snapshot)) return
      const sealed = shared.sealer.seal(key, encodeResponse({ response, snapshot }))
      shared.redis.put(shared.sealer.nameOf(key), fieldOf(response.variant), sealed, ttlMs)
    },
    remove: (key, variant) => {
      memory.remove(key, variant)
      shared?.redis.remove(shared.sealer.nameOf(key), fieldOf(variant))
    },
    purge: (purge) => {
      memory.purge(purge)
      const row = toRow(purge)
      onPurged?.(row.kind)
      purges.addPending(row)
      publisher.publish(row)
      remember()
    },
    generation: memory.generation,
  }

  /** What Redis has and may be used, and what memory has beside it. */
  async function find(key: string, held: readonly CachedResponse[]): Promise<readonly CachedResponse[]> {
    const since = memory.generation()
    const found = await lookUp(key)
    const usable = found.flatMap(({ response, snapshot }) => {
      const isOld = held.some(({ variant, respondedAt }) => {
        return variant === response.variant && respondedAt >= response.respondedAt
      })
      return isOld || response.keepUntil <= now() || purges.isPurged(response, snapshot) ? [] : [response]
    })
    for (const response of usable) memory.put(key, response, since)
    const variants = new Set(usable.map(({ variant }) => variant))
    // Of what was held, only what memory still has.
    return [...usable, ...memory.get(key).filter(({ variant }) => !variants.has(variant))]
  }

  /** One call for all who ask at the same time. */
  function lookUp(key: string): Promise<readonly SharedResponse[]> {
    if (!shared) return Promise.resolve([])
    const running = lookups.get(key)
    if (running) return running
    const { redis, sealer } = shared
    const lookup = redis
      .get(sealer.nameOf(key))
      .then((values) =>
        values.flatMap((value) => sealer.open(key, value) ?? []).flatMap((value) => decodeResponse(value) ?? []),
      )
      .finally(() => lookups.delete(key))
    lookups.set(key, lookup)
    return lookup
  }

  return {
    store,
    /** Does what other gateways, handlers and operators have purged. */
    onRead: ({ purges: read, snapshot, isCut }: NewPurges) => {
      latest = snapshot
      if (isCut) {
        purges.addAll(snapshot)
        memory.clear()
        onPurged?.('all')
      } else {
        purges.add(read, snapshot)
        for (const purge of read) {
          if (purge.origin === origin) continue
          memory.purge(toPurge(purge))
          onPurged?.(purge.kind)
        }
      }
      remember()
    },
  }
}

const isFresh = ({ initialAgeSeconds, respondedAt, freshSeconds, noCache }: CachedResponse, now: number) =>
  !noCache && initialAgeSeconds + (now - respondedAt) / 1_000 < freshSeconds

/** A variant may be as long as the headers that it is made of. */
const fieldOf = (variant: string) => createHash('sha256').update(variant).digest('base64url')
