import { afterEach, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import type { Limit } from '../../../src/contract/index.ts'
import { itWithRedis, testRedis } from '../../../test/support/redis.ts'
import { createLocalLimiter } from './local-limiter.ts'
import { openRedisLimiter } from './redis-limiter.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** Limiters of as many gateways on one Redis, and a client that looks at it. */
async function setUp(gateways: number) {
  const redis = await testRedis()
  await redis.start()
  // Whether Redis answers in time is not the question here.
  const limiters = Array.from({ length: gateways }, () => openRedisLimiter(redis.url, { timeoutMs: 120_000 }))
  const client = new Redis(redis.url, { disconnectTimeout: 100 })
  closers.push(...limiters.map(({ close }) => close), () => client.disconnect())
  for (const { firstAttempt } of limiters) await firstAttempt
  return { limiters, client }
}

const HOUR = { requests: 50, perSeconds: 3_600, burst: 50 }

itWithRedis('exactly what the limit allows, of a thousand at once through two gateways', async () => {
  const { limiters } = await setUp(2)
  const taken = await Promise.all(Array.from({ length: 1_000 }, (_, i) => limiters[i % 2]!.take('a', HOUR)))
  const allowed = taken.filter(({ allowed }) => allowed)
  expect(allowed.map(({ remaining }) => remaining).sort((a, b) => b - a)).toEqual([...Array(50).keys()].reverse())
  const refused = taken.filter(({ allowed }) => !allowed)
  expect(new Set(refused.map(({ remaining }) => remaining))).toEqual(new Set([0]))
  for (const { waitSeconds } of refused) expect([71, 72]).toContain(waitSeconds)
  expect((await limiters[0]!.take('b', HOUR)).allowed).toBe(true)
})

itWithRedis('never more than a burst and what the time has brought, by the clock of Redis', async () => {
  const { limiters, client } = await setUp(2)
  const limit = { requests: 1_000, perSeconds: 1, burst: 1_000 }
  const clockUs = async () => {
    const [seconds = 0, us = 0] = (await client.time()).map(Number)
    return seconds * 1_000_000 + us
  }
  const began = await clockUs()
  let allowed = 0
  for (let round = 0; round < 10; round++) {
    const taken = await Promise.all(Array.from({ length: 400 }, (_, i) => limiters[i % 2]!.take('a', limit)))
    allowed += taken.filter(({ allowed }) => allowed).length
  }
  const elapsedUs = (await clockUs()) - began
  expect(allowed).toBeLessThanOrEqual(limit.burst + Math.floor(elapsedUs / 1_000) + 1)
  expect(allowed).toBeGreaterThanOrEqual(limit.burst)
})

itWithRedis('it decides as the local one does', async () => {
  const { limiters } = await setUp(1)
  // So slow that the time that passes is no part of a second's difference.
  const limits: Limit[] = [
    { requests: 1, perSeconds: 86_400, burst: 1 },
    { requests: 3, perSeconds: 86_399, burst: 3 },
    { requests: 1_000, perSeconds: 80_000, burst: 1_001 },
  ]
  const local = createLocalLimiter({ now: () => 0 }).take
  for (const limit of limits) {
    for (let i = 0; i < 5; i++) {
      const [ours, shared] = [local(String(limit.requests), limit), await limiters[0]!.take(`${limit.requests}`, limit)]
      expect([shared.allowed, shared.remaining]).toEqual([ours.allowed, ours.remaining])
      expect(Math.abs(shared.waitSeconds - ours.waitSeconds)).toBeLessThanOrEqual(5)
    }
  }
})

itWithRedis('one call a request, and a key that lives no longer than its caller owes', async () => {
  const { limiters, client } = await setUp(1)
  const take = () => limiters[0]!.take('get-thing caller ann', HOUR)
  await client.config('RESETSTAT')
  for (let i = 0; i < 60; i++) await take()
  const stats = await client.info('commandstats')
  const calls = [...stats.matchAll(/cmdstat_(evalsha|eval):calls=(\d+)/g)].reduce((sum, [, , n]) => sum + Number(n), 0)
  expect(calls).toBe(60)
  const ttlMs = await client.pttl('ebb:rate:get-thing caller ann')
  expect(ttlMs).toBeGreaterThan(3_500_000)
  expect(ttlMs).toBeLessThanOrEqual(3_600_000)
  expect(await client.keys('*')).toEqual(['ebb:rate:get-thing caller ann'])
})

itWithRedis(
  'what was let through elsewhere is owed first, up to a burst, whether the request is allowed or not',
  async () => {
    const { limiters } = await setUp(1)
    const take = (key: string, elsewhere?: number) => limiters[0]!.take(key, HOUR, elsewhere)
    expect([await take('a', 30), await take('a', 10)]).toMatchObject([{ remaining: 19 }, { remaining: 8 }])
    expect([await take('b', 500), await take('b')]).toMatchObject([
      { allowed: false, waitSeconds: 72 },
      { allowed: false },
    ])
  },
)

itWithRedis('its memory has one name for all gateways, and another one after it was lost', async () => {
  const { limiters, client } = await setUp(2)
  const [first, second] = await Promise.all(limiters.map(({ probe }) => probe()))
  expect([first, await limiters[0]!.probe()]).toEqual([second, second])
  await client.flushall()
  expect(await limiters[0]!.probe()).not.toBe(first)
})

itWithRedis('scripts that are forgotten are sent again', async () => {
  const { limiters, client } = await setUp(1)
  await limiters[0]!.take('a', HOUR)
  await client.script('FLUSH')
  expect(await limiters[0]!.take('a', HOUR)).toMatchObject({ allowed: true, remaining: 48 })
})

itWithRedis('a limit that becomes wider holds at once', async () => {
  const { limiters } = await setUp(1)
  await limiters[0]!.take('a', { requests: 1, perSeconds: 86_400, burst: 1 })
  expect(await limiters[0]!.take('a', { requests: 60, perSeconds: 60, burst: 60 })).toMatchObject({ waitSeconds: 1 })
})

itWithRedis('it rejects where Redis can keep nothing, is held, or is gone', async () => {
  const redis = await testRedis()
  await redis.start()
  const limiter = openRedisLimiter(redis.url)
  closers.push(limiter.close)
  await limiter.firstAttempt
  await limiter.probe()
  const client = new Redis(redis.url, { disconnectTimeout: 100 })
  closers.push(() => client.disconnect())
  await client.config('SET', 'maxmemory', '1')
  await expect(limiter.probe()).rejects.toThrow(/OOM/)
  await client.config('SET', 'maxmemory', '0')
  redis.hold()
  await expect(limiter.take('a', HOUR)).rejects.toThrow('no answer within 50 ms')
  redis.goOn()
  await redis.kill()
  await expect(limiter.take('a', HOUR)).rejects.toThrow()
})

it('a Redis that never was there rejects at once', async () => {
  // Port 1 of this machine: nothing listens.
  const limiter = openRedisLimiter('redis://127.0.0.1:1')
  closers.push(limiter.close)
  await limiter.firstAttempt
  await expect(limiter.take('a', HOUR)).rejects.toThrow(/writeable/)
})
