import { expect } from '@jest/globals'
import { untilTrue } from '../../../test/support/until.ts'
import { collectLog } from '../test-support.ts'
import { openRedisStore } from './redis-store.ts'
import { countingLoad, itWithRedis, setUpCache } from './test-support.ts'

const LOST = 'redis is unreachable or slow; nothing is cached'
const RESTORED = 'redis is reachable; values are cached'
const ttlSeconds = 60

/** Until a value is the same twice. */
const untilCached = (get: () => Promise<number>) =>
  untilTrue(async () => {
    const first = await get()
    return first === (await get())
  })

/** Asks until an outage has lasted long enough to be logged. */
const untilLogged = (lines: () => readonly unknown[], ask: () => Promise<unknown>) =>
  untilTrue(async () => {
    await ask()
    return lines().length === 1
  })

itWithRedis('while Redis is killed each value is loaded, and when it is back it is cached again', async () => {
  const { redis, openProcess, messages, client } = await setUpCache()
  const [cache, load] = [openProcess()(), countingLoad()]
  await untilCached(() => cache.get('a', { ttlSeconds, load }))
  const cached = await cache.get('a', { ttlSeconds, load })
  await redis.kill()
  for (let i = 1; i < 50; i++) expect(await cache.get('a', { ttlSeconds, load })).toBe(cached + i)
  await cache.delete('a')
  await untilLogged(messages, () => cache.get('a', { ttlSeconds, load }))
  expect(messages()).toEqual([LOST])
  await redis.start()
  await untilCached(() => cache.get('a', { ttlSeconds, load }))
  expect(await client.exists('ebb:cache:things:a')).toBe(1)
  expect(messages()).toEqual([LOST, RESTORED])
})

itWithRedis('a Redis that starts later than the process is used', async () => {
  const { redis, openProcess, messages } = await setUpCache({ started: false })
  const [cache, load] = [openProcess()(), countingLoad()]
  expect(await cache.get('a', { ttlSeconds, load })).toBe(1)
  await untilLogged(messages, () => cache.get('a', { ttlSeconds, load }))
  await redis.start()
  await untilCached(() => cache.get('a', { ttlSeconds, load }))
  expect(messages()).toEqual([LOST, RESTORED])
})

itWithRedis('a Redis that hangs costs one wait only', async () => {
  const { redis, openProcess, messages } = await setUpCache()
  // Close to the 500 ms between two probes: with a second wait, the limit below would be exceeded.
  const [cache, load] = [openProcess({ commandTimeoutMs: 400 })(), countingLoad()]
  await cache.get('a', { ttlSeconds, load })
  redis.hold()
  const began = performance.now()
  for (let i = 2; i < 100; i++) expect(await cache.get('a', { ttlSeconds, load })).toBe(i)
  // Each would have waited 400 ms.
  expect(performance.now() - began).toBeLessThan(98 * 400)
  await untilLogged(messages, () => cache.get('a', { ttlSeconds, load }))
  redis.goOn()
  await untilCached(() => cache.get('a', { ttlSeconds, load }))
  expect(messages()).toEqual([LOST, RESTORED])
})

itWithRedis('a Redis that is late now and then costs a load each time, and no log line', async () => {
  const { redis, openProcess, messages } = await setUpCache()
  const [cache, load] = [openProcess({ commandTimeoutMs: 400 })(), countingLoad()]
  await untilCached(() => cache.get('a', { ttlSeconds, load }))
  for (let round = 0; round < 3; round++) {
    const before = await cache.get('a', { ttlSeconds, load })
    redis.hold()
    expect(await cache.get('a', { ttlSeconds, load })).toBeGreaterThan(before)
    redis.goOn()
    await untilCached(() => cache.get('a', { ttlSeconds, load }))
  }
  expect(messages()).toEqual([])
})

itWithRedis('a key that is deleted while Redis is thought unreachable is deleted all the same', async () => {
  const { client, redis } = await setUpCache()
  let ms = 0
  const { log } = collectLog()
  const limits = { commandTimeoutMs: 500, connectTimeoutMs: 5_000 }
  const store = openRedisStore(redis.url, { namespace: 'things', log, ...limits, now: () => ms++ / 1_000 })
  await client.set('ebb:cache:things:a', '1')
  expect(await store.getOrLock('a', { token: 'm', staleMs: 0 })).toEqual({ holder: 'm', text: '1' })
  redis.hold()
  expect(await store.getOrLock('a', { token: 'm', staleMs: 0 })).toEqual({})
  redis.goOn()
  await client.ping()
  expect(await store.getOrLock('b', { token: 'm', staleMs: 0 })).toEqual({})
  await store.delete('a')
  expect(await client.exists('ebb:cache:things:a')).toBe(0)
  await store.close()
})

itWithRedis('no log line shows a password or a value', async () => {
  const { redis, client, openProcess, lines } = await setUpCache()
  const cache = openProcess()()
  await client.set('ebb:cache-lock:things:a', 'not what is expected')
  await client.config('SET', 'maxmemory', '1')
  await untilLogged(
    () => lines,
    () => cache.get('a', { ttlSeconds, load: async () => 'a secret' }),
  )
  await client.config('SET', 'maxmemory', '0', 'requirepass', 'right')
  const url = redis.url.replace('//', '//:secret@')
  const { log, lines: more } = collectLog()
  const store = openRedisStore(url, { namespace: 'things', log })
  await untilLogged(
    () => more,
    () => store.getOrLock('a', { token: 'm', staleMs: 0 }),
  )
  await store.close()
  expect([lines.length, more.length]).toEqual([1, 1])
  expect(lines.concat(more).join()).not.toMatch(/secret|right/)
})
