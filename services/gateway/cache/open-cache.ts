import { randomUUID } from 'node:crypto'
import type { ResponseCache } from 'ebb/http/gateway'
import { type Config, type Log, liveSetting } from 'ebb/kernel'
import type pg from 'pg'
import type { ContractSet } from '../../../src/contract/index.ts'
import { type Peppers, peppersOf } from '../../../src/data/keys/api-keys.ts'
import { queryWithTimeout } from '../../../src/data/postgres/with-connection.ts'
import { deleteOldPurges } from '../../../src/data/purges.ts'
import { createSealer } from '../../../src/data/seal.ts'
import { createMemoryStore } from '../../../src/http/gateway/cache/memory-store.ts'
import { cacheRulesOf } from '../../../src/http/gateway/cache/rules.ts'
import type { CacheMetrics } from '../metrics.ts'
import { followPurges } from './follow-purges.ts'
import { publishPurges } from './publish-purges.ts'
import { createPurgeLog } from './purge-log.ts'
import { openRedisResponses } from './redis-responses.ts'
import { tellCdn } from './tell-cdn.ts'
import { createTieredStore } from './tiered-store.ts'

interface OpenedCache {
  /** Undefined where nothing is to be kept. */
  readonly responses: ResponseCache | undefined
  /** Reads new purges now. */
  readonly wake: () => void
  /** The same, and the recent ones with them: for a connection to the database that was lost. */
  readonly restart: () => void
  readonly close: () => Promise<void>
}

interface OpenCacheOptions {
  readonly pool: pg.Pool
  /** For what may take seconds. */
  readonly slowPool: pg.Pool
  readonly pepper: Peppers
  readonly contracts: () => ContractSet
  readonly metrics: CacheMetrics
  readonly log: Log
}

/** Longer than purges are read back for: no response that Redis may have is older. */
const WINDOW_MS = 90 * 60_000
const CLEAN_MS = 600_000
const CLEAN_LIMIT_MS = 10_000

/**
 * Opens what the settings ask for: the memory of this gateway, a Redis that all share where REDIS_URL names one, and the
 * purges of all gateways and functions, which are in the database.
 */
export async function openCache(config: Config, options: OpenCacheOptions): Promise<OpenedCache> {
  const { pool, slowPool, pepper, contracts, metrics, log } = options
  const cdn = tellCdn(slowPool, config, { log })
  // Handlers purge whether or not anything is kept.
  const cleaning = setInterval(
    () => void queryWithTimeout(slowPool, CLEAN_LIMIT_MS, deleteOldPurges).catch(() => {}),
    CLEAN_MS,
  )
  const close = async () => {
    clearInterval(cleaning)
    await cdn.close()
  }
  const maxBytes = config.EBB_CACHE_BYTES
  if (maxBytes === 0) return { responses: undefined, wake: cdn.wake, restart: cdn.wake, close }
  const memory = createMemoryStore({ maxBytes, onEvicted: metrics.evicted })
  metrics.observe(memory.stats)
  const origin = randomUUID()
  const publisher = publishPurges(pool, { origin, log })
  const redis = config.REDIS_URL
    ? openRedisResponses(liveSetting(config, 'REDIS_URL', log), {
        ...{ log, onFailed: metrics.redisFailed, timeoutMs: config.EBB_RATE_LIMIT_TIMEOUT_MS },
      })
    : undefined
  const sealer = createSealer(() => peppersOf(pepper).current, { of: 'cache' })
  const { store, onRead } = createTieredStore(memory, {
    ...{ origin, publisher, purges: createPurgeLog({ windowMs: WINDOW_MS }), onPurged: metrics.purged },
    shared: redis && { redis, sealer, maxBytes: config.EBB_CACHE_SHARED_BYTES },
  })
  const follower = followPurges(pool, {
    onRead: (read) => {
      onRead(read)
      if (read.purges.length > 0) cdn.wake()
    },
    isNeeded: () => cdn.isNeeded || contracts().routes.some((route) => cacheRulesOf(route)),
    log,
  })
  await Promise.all([redis?.started, follower.started])
  return {
    responses: { store, reloadScope: config.EBB_CACHE_RELOAD_SCOPE, cdnTagHeader: config.EBB_CDN_TAG_HEADER },
    wake: follower.wake,
    restart: follower.restart,
    close: async () => {
      await Promise.all([follower.close(), publisher.close(), close()])
      redis?.close()
    },
  }
}
