import { afterEach, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import type { Limit } from '../../../src/contract/index.ts'
import { itWithRedis, testRedis } from '../../../test/support/redis.ts'
import { createLocalLimiter } from './local-limiter.ts'
import { openRedisLimiter, type SharedLimiter } from './redis-limiter.ts'

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

/** The decision of one limit, on a request that has no other. */
async function take(limiter: SharedLimiter, key: string, limit: Limit, elsewhere = 0) {
  const { rates } = await limiter.take({ rates: [{ key, limit }] }, { elsewhere: [elsewhere] })
  return rates[0]!
}

const HOUR = { requests: 50, perSeconds: 3_600, burst: 50 }

itWithRedis('exactly what the limit allows, of a thousand at once through two gateways', async () => {
  const { limiters } = await setUp(2)
  const taken = await Promise.all(Array.from({ length: 1_000 }, (_, i) => take(limiters[i % 2]!, 'a', HOUR)))
  const allowed = taken.filter(({ allowed }) => allowed)
  expect(allowed.map(({ remaining }) => remaining).sort((a, b) => b - a)).toEqual([...Array(50).keys()].reverse())
  const refused = taken.filter(({ allowed }) => !allowed)
  expect(new Set(refused.map(({ remaining }) => remaining))).toEqual(new Set([0]))
  for (const { waitSeconds } of refused) expect([71, 72]).toContain(waitSeconds)
  expect((await take(limiters[0]!, 'b', HOUR)).allowed).toBe(true)
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
    const taken = await Promise.all(Array.from({ length: 400 }, (_, i) => take(limiters[i % 2]!, 'a', limit)))
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
  const local = createLocalLimiter({ now: () => 0 })
  for (const limit of limits) {
    for (let i = 0; i < 5; i++) {
      const [ours, shared] = [
        local.take([{ key: `${limit.requests}`, limit }])[0]!,
        await take(limiters[0]!, `${limit.requests}`, limit),
      ]
      expect([shared.allowed, shared.remaining]).toEqual([ours.allowed, ours.remaining])
      expect(Math.abs(shared.waitSeconds - ours.waitSeconds)).toBeLessThanOrEqual(5)
    }
  }
})

itWithRedis('one call a request, and a key that lives no longer than its caller owes', async () => {
  const { limiters, client } = await setUp(1)
  await client.config('RESETSTAT')
  for (let i = 0; i < 60; i++) await take(limiters[0]!, 'get-thing caller ann', HOUR)
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
    const takeHere = (key: string, elsewhere?: number) => take(limiters[0]!, key, HOUR, elsewhere)
    expect([await takeHere('a', 30), await takeHere('a', 10)]).toMatchObject([{ remaining: 19 }, { remaining: 8 }])
    expect([await takeHere('b', 500), await takeHere('b')]).toMatchObject([
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
  await take(limiters[0]!, 'a', HOUR)
  await client.script('FLUSH')
  expect(await take(limiters[0]!, 'a', HOUR)).toMatchObject({ allowed: true, remaining: 48 })
})

itWithRedis('a limit that becomes wider holds at once', async () => {
  const { limiters } = await setUp(1)
  await take(limiters[0]!, 'a', { requests: 1, perSeconds: 86_400, burst: 1 })
  expect(await take(limiters[0]!, 'a', { requests: 60, perSeconds: 60, burst: 60 })).toMatchObject({ waitSeconds: 1 })
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
  await expect(take(limiter, 'a', HOUR)).rejects.toThrow('no answer within 50 ms')
  redis.goOn()
  await redis.kill()
  await expect(take(limiter, 'a', HOUR)).rejects.toThrow()
})

it('a Redis that never was there rejects at once', async () => {
  // Port 1 of this machine: nothing listens.
  const limiter = openRedisLimiter('redis://127.0.0.1:1')
  closers.push(limiter.close)
  await limiter.firstAttempt
  await expect(take(limiter, 'a', HOUR)).rejects.toThrow(/writeable/)
})

const WIDE = { key: 'wide', limit: { requests: 100, perSeconds: 3_600, burst: 100 } }
const NARROW = { key: 'narrow', limit: { requests: 20, perSeconds: 3_600, burst: 20 } }
const slotsOf = (max: number) => ({ key: 'caller ann', max })

itWithRedis('of several limits none counts what one refuses, of hundreds at once through two gateways', async () => {
  const { limiters, client } = await setUp(2)
  const slots = slotsOf(50)
  const takeAll = (i: number) =>
    limiters[i % 2]!.take({ rates: [WIDE, NARROW], slots }, { slot: { key: slots.key, name: `${i}` } })
  const taken = await Promise.all(Array.from({ length: 300 }, (_, i) => takeAll(i)))
  expect(taken.filter(({ allowed }) => allowed)).toHaveLength(20)
  expect(await take(limiters[0]!, 'wide', WIDE.limit)).toMatchObject({ allowed: true, remaining: 79 })
  expect(await client.zcard('ebb:slots:caller ann')).toBe(20)
  const refused = taken.find(({ allowed }) => !allowed)
  expect(refused).toMatchObject({ rates: [{ allowed: true, remaining: 80 }, { allowed: false }] })
  expect(refused?.slots).toEqual({ allowed: true, remaining: 30 })
})

itWithRedis('slots: no more at a time than there are, and each is free for the next one', async () => {
  const { limiters } = await setUp(2)
  const slots = slotsOf(3)
  const takeSlot = (name: string, i = 0) =>
    limiters[i]!.take({ rates: [WIDE], slots }, { slot: { key: slots.key, name } })
  const taken = await Promise.all(Array.from({ length: 10 }, (_, i) => takeSlot(`${i}`, i % 2)))
  expect(taken.map(({ allowed }) => allowed).filter(Boolean)).toHaveLength(3)
  expect(taken.at(-1)).toMatchObject({ allowed: false, slots: { allowed: false, remaining: 0 } })
  const held = taken.findIndex(({ allowed }) => allowed)
  limiters[1]!.free({ key: slots.key, name: `${held}` })
  await limiters[1]!.probe()
  expect((await takeSlot('next')).slots).toEqual({ allowed: true, remaining: 0 })
  expect((await takeSlot('one more')).allowed).toBe(false)
})

itWithRedis(
  'slots of a gateway that is gone are free when their lease is over; those of one that lives are renewed',
  async () => {
    const { limiters, client } = await setUp(1)
    const slots = slotsOf(2)
    const takeSlot = (name: string) => limiters[0]!.take({ rates: [], slots }, { slot: { key: slots.key, name } })
    const leases = () => client.zrange('ebb:slots:caller ann', '0', '-1')
    await takeSlot('gone')
    await takeSlot('alive')
    // As if their leases had run out, which takes 10 s.
    for (const name of ['gone', 'alive']) await client.zadd('ebb:slots:caller ann', '1', name)
    limiters[0]!.renew(new Map([[slots.key, new Set(['alive'])]]))
    await limiters[0]!.probe()
    expect([(await takeSlot('new')).allowed, (await takeSlot('newer')).allowed]).toEqual([true, false])
    expect((await leases()).sort()).toEqual(['alive', 'new'])
    await client.flushall()
    limiters[0]!.renew(new Map([[slots.key, new Set(['alive'])]]))
    await limiters[0]!.probe()
    expect((await takeSlot('new')).slots).toEqual({ allowed: true, remaining: 0 })
  },
)

itWithRedis('what is taken back was never counted', async () => {
  const { limiters, client } = await setUp(1)
  for (let i = 0; i < 3; i++) await limiters[0]!.take({ rates: [WIDE, NARROW] })
  limiters[0]!.undo([WIDE, NARROW])
  expect((await take(limiters[0]!, 'narrow', NARROW.limit)).remaining).toBe(17)
  for (let i = 0; i < 5; i++) limiters[0]!.undo([WIDE])
  await limiters[0]!.probe()
  expect(await client.exists('ebb:rate:wide')).toBe(0)
})
