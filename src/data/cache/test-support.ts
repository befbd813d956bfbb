import { setTimeout as delay } from 'node:timers/promises'
import { afterEach } from '@jest/globals'
import { Redis } from 'ioredis'
import { testRedis } from '../../../test/support/redis.ts'
import { collectLog, testBindContext } from '../test-support.ts'
import { bindCache } from './cache.ts'
import { type CacheDependencies, createCache } from './create-cache.ts'
import { openRedisStore } from './redis-store.ts'

export { itWithRedis } from '../../../test/support/redis.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

type Overrides = Partial<CacheDependencies> & { readonly commandTimeoutMs?: number }

/** A Redis, a client to inspect it, and as many processes with a cache on it as a test opens. */
export async function setUpCache({ started = true } = {}) {
  const redis = await testRedis()
  if (started) await redis.start()
  const client = new Redis(redis.url, { lazyConnect: true, disconnectTimeout: 100 })
  client.on('error', () => {})
  closers.push(() => client.disconnect())
  const collected = collectLog()
  const openProcess = ({ commandTimeoutMs = 5_000, ...overrides }: Overrides = {}) => {
    const store = openRedisStore(redis.url, {
      namespace: 'things',
      log: collected.log,
      commandTimeoutMs,
      connectTimeoutMs: commandTimeoutMs,
    })
    closers.push(() => store.close())
    const shared = createCache(store, {
      ...{ log: collected.log, now: () => performance.now(), random: Math.random, sleep: delay },
      ...overrides,
    })
    return (signal?: AbortSignal) => bindCache(shared, testBindContext(signal))
  }
  return { redis, client, openProcess, ...collected }
}

/** A load that is counted, and that ends when the test calls `end`. */
export function heldLoad<T>(value: T) {
  const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let loads = 0
  const load = async () => {
    loads++
    begun.resolve()
    await end.promise
    return value
  }
  return { load, begun: begun.promise, end: () => end.resolve(), loads: () => loads }
}

/** A load that returns 1, 2, 3, … */
export function countingLoad() {
  let loads = 0
  return async () => ++loads
}
