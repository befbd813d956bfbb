import { setTimeout as delay } from 'node:timers/promises'
import { type BindContext, liveSetting, type Resource } from '../../kernel/index.ts'
import { markHandled } from '../../kernel/promises.ts'
import { createCache, nullStore, type SharedCache } from './create-cache.ts'
import { openRedisStore } from './redis-store.ts'

/**
 * How a value is made, and for how long it is kept.
 * @example const options: CacheOptions<number> = { ttlSeconds: 60, staleSeconds: 600, load: async () => 7 }
 */
export interface CacheOptions<T> {
  /** How long the value is given as it is. */
  readonly ttlSeconds: number
  /** Makes the value. If it throws, so does `get`, and nothing is stored. */
  readonly load: () => Promise<T>
  /** How long after `ttlSeconds` a stale value is returned while one request makes the new one. Default: 0. */
  readonly staleSeconds?: number
  /** How long it is remembered that `load` returned undefined. Default: 0, not at all. */
  readonly absentSeconds?: number
}

/** A value as it comes back from JSON. */
export type FromJson<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends { toJSON(): infer Json }
      ? Json
      : T extends bigint | symbol | ((...args: never) => unknown)
        ? never
        : { [K in keyof T]: FromJson<T[K]> }

/**
 * Values that are shared by all instances, on Redis, for each tenant its own. Without Redis, or while it is not reachable, every value is loaded: an
 * error of the cache is no error of the request.
 * @example const price = (cache: Cache, sku: string) => cache.get(`price:${sku}`, { ttlSeconds: 60, load: async () => 100 })
 */
export interface Cache {
  /**
   * The value of a key, loaded if it is not cached: once for all simultaneous requests, in all instances while Redis is
   * reachable. Every value, also one just loaded, is a copy that went through JSON. Beyond 1 MiB it is not stored.
   */
  get<T>(key: string, options: CacheOptions<T>): Promise<FromJson<T>>
  /**
   * Removes a key. A load in flight does not store its value, nor does one in the 2 s that follow: during these, the
   * transaction that changed the value may not have committed yet.
   */
  delete(key: string): Promise<void>
}

/**
 * A cache for a handler, with its keys apart from those of other namespaces. Functions that name the same namespace share
 * its values, and must mean the same by a key: let a value that changes its shape change its namespace.
 * @example const uses = { sql: postgres, prices: cacheOn('prices-v2') }
 * @see docs/guide/08-caching.md
 */
export const cacheOn = (namespace: string): Resource<Cache, SharedCache> => ({
  stores: ['redis'],
  open: (config, log) => {
    if (!config.REDIS_URL) log.info('no REDIS_URL; nothing is cached')
    const store = config.REDIS_URL
      ? openRedisStore(liveSetting(config, 'REDIS_URL', log), { namespace, log })
      : nullStore
    return createCache(store, { log, now: () => performance.now(), random: Math.random, sleep: delay })
  },
  bind: bindCache,
  close: (cache) => cache.close(),
})

/**
 * A cache for a handler, in the namespace that all functions share: `cacheOn('shared')`.
 * @example
 * export default implement(contract, { sql: postgres, cache }, async ({ params: { id } }, { sql, cache }) => {
 *   const load = async () =>
 *     (await sql.one<{ id: string; quantity: number }>`select * from orders where id = ${id}`) ?? { id, quantity: 0 }
 *   return cache.get(`order:${id}`, { load, ttlSeconds: 60 })
 * })
 * @see docs/guide/08-caching.md
 */
export const cache: Resource<Cache, SharedCache> = /* @__PURE__ */ cacheOn('shared')

/** The cache bound to one request: a wait ends with the request, and keys are those of the caller's tenant. */
export function bindCache(shared: SharedCache, { signal, tenant }: Pick<BindContext, 'signal' | 'tenant'>): Cache {
  const get = async <T>(key: string, { ttlSeconds, load, staleSeconds = 0, absentSeconds = 0 }: CacheOptions<T>) => {
    const text = await shared.get(keyWithin(tenant, key), {
      ...{ ttlMs: ttlSeconds * 1_000, staleMs: staleSeconds * 1_000, absentMs: absentSeconds * 1_000, signal },
      // JSON has no undefined: '' stands for it.
      load: async () => JSON.stringify(await load()) ?? '',
    })
    // It is what JSON made of the value that a `load` for this key returned.
    return (text === '' ? undefined : JSON.parse(text)) as FromJson<T>
  }
  return {
    get: (key, options) => markHandled(get(key, options)),
    delete: (key) => markHandled(shared.delete(keyWithin(tenant, key))),
  }
}

const TENANT_MARK = '\u001f'

/** The key within a tenant. One without a tenant never looks like it, whatever a handler has made it of. */
function keyWithin(tenant: string | undefined, key: string): string {
  if (tenant !== undefined) return `${TENANT_MARK}${tenant}${TENANT_MARK}${key}`
  return key.startsWith(TENANT_MARK) ? `${TENANT_MARK}${key}` : key
}
