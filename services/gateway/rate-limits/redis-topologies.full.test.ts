import { afterAll, afterEach, describe, expect } from '@jest/globals'
import type { Redis } from 'ioredis'
import { openRedisStore } from '../../../src/data/cache/redis-store.ts'
import { openRedis } from '../../../src/data/redis.ts'
import { createLog } from '../../../src/kernel/index.ts'
import { itWithRedis } from '../../../test/support/redis.ts'
import { startRedisCluster, startRedisSentinel } from '../../../test/support/redis-topologies.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { openRedisResponses, type RedisResponses } from '../cache/redis-responses.ts'
import { openRedisLimiter } from './redis-limiter.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
const log = createLog({ level: 'silent' })
const TIMEOUT_MS = 120_000
const HOUR = { requests: 20, perSeconds: 3_600, burst: 20 }

async function openLimiter(url: string) {
  const limiter = openRedisLimiter(url, { timeoutMs: TIMEOUT_MS })
  closers.push(limiter.close)
  await limiter.firstAttempt
  return limiter
}

describe('a cluster', () => {
  let starting: ReturnType<typeof startRedisCluster> | undefined
  /** One for all, emptied. */
  const empty = async () => {
    starting ??= startRedisCluster()
    const cluster = await starting
    await Promise.all(cluster.nodes.map((node) => node.flushall()))
    return {
      ...cluster,
      fewestKeys: async () => Math.min(...(await Promise.all(cluster.nodes.map((node) => node.dbsize())))),
    }
  }
  afterAll(async () => (await starting)?.stop())

  itWithRedis(
    'lets through exactly what the limits allow, of callers whose limits are on all nodes, through two gateways',
    async () => {
      const cluster = await empty()
      const limiters = [await openLimiter(cluster.url), await openLimiter(cluster.url)]
      const callers = Array.from({ length: 30 }, (_, i) => `caller-${i}`)
      const passed = new Map<string, number>()
      const ask = async (caller: string, i: number) => {
        const { allowed } = (await limiters[i % 2]?.take({ rates: [{ key: caller, limit: HOUR }] })) ?? {}
        if (allowed) passed.set(caller, (passed.get(caller) ?? 0) + 1)
      }
      await Promise.all(callers.flatMap((caller) => Array.from({ length: 30 }, (_, i) => ask(caller, i))))
      expect([...new Set(passed.values())]).toEqual([20])
      expect(await cluster.fewestKeys()).toBeGreaterThan(0)
    },
  )

  itWithRedis('counts a request by all of its limits or by none, though they are on several nodes', async () => {
    const { url } = await empty()
    const limiter = await openLimiter(url)
    const none = { requests: 1, perSeconds: 3_600, burst: 1 }
    const owed = async (key: string) => (await limiter.take({ rates: [{ key, limit: HOUR }], peek: true })).rates[0]
    for (let i = 0; i < 12; i++) {
      const [one, other, slots] = [`one-${i}`, `other-${i}`, { key: `slots-${i}`, max: 1 }]
      const request = {
        rates: [
          { key: one, limit: HOUR },
          { key: other, limit: none },
        ],
        slots,
      }
      const take = (name: string) => limiter.take(request, { slot: { key: slots.key, name } })
      expect(await take('a')).toMatchObject({
        allowed: true,
        rates: [{ remaining: 19 }, { remaining: 0 }],
        slots: { remaining: 0 },
      })
      limiter.free({ key: slots.key, name: 'a' })
      const second = await take('b')
      expect(second).toMatchObject({ allowed: false, rates: [{ allowed: true }, { allowed: false }] })
      // Taken back, in the background.
      await untilTrue(async () => (await owed(one))?.remaining === 19, { what: 'the first limit has one request' })
      const free = async () => (await limiter.take({ rates: [], slots, peek: true })).slots?.remaining === 1
      await untilTrue(free, { what: 'the slot is free' })
      limiter.undo(request.rates)
      await untilTrue(async () => (await owed(one))?.remaining === 20, { what: 'nothing is counted' })
    }
  })

  itWithRedis('leases in advance, and knows when a node has lost what it had', async () => {
    const cluster = await empty()
    const limiter = await openLimiter(cluster.url)
    const rate = { key: 'large', limit: { requests: 1_000, perSeconds: 1, burst: 1_000 } }
    expect(await limiter.lease(rate, 30)).toMatchObject({ granted: 30 })
    const before = await limiter.probe()
    expect(await limiter.probe()).toBe(before)
    await cluster.nodes[1]?.flushall()
    expect(await limiter.probe()).not.toBe(before)
  })

  itWithRedis('has values and their locks on one node, whatever their names', async () => {
    const cluster = await empty()
    const store = openRedisStore(cluster.url, {
      namespace: 'n',
      log,
      commandTimeoutMs: TIMEOUT_MS,
      connectTimeoutMs: TIMEOUT_MS,
    })
    closers.push(store.close)
    for (const key of [
      'a',
      'b',
      'c',
      'a{b}c',
      'a}b',
      '{}',
      'a{}b{c}',
      '%7D',
      '}',
      '{a',
      ...Array.from({ length: 20 }, (_, i) => `key-${i}`),
    ]) {
      const lock = { token: 'mine', staleMs: 0 }
      expect(await store.getOrLock(key, lock)).toEqual({ holder: 'mine' })
      await store.put(key, `text of ${key}`, { holder: 'mine', ttlMs: 60_000 })
      expect(await store.getOrLock(key, lock)).toEqual({ text: `text of ${key}` })
    }
    await store.delete('a}b')
    expect((await store.getOrLock('a}b', { token: 'mine', staleMs: 0 })).text).toBeUndefined()
    expect(await cluster.fewestKeys()).toBeGreaterThan(0)
  })

  itWithRedis('keeps responses for all gateways, and is a Redis to handlers', async () => {
    const { url } = await empty()
    const [one, other] = [url, url].map((at) => openRedisResponses(at, { log, timeoutMs: TIMEOUT_MS })) as [
      RedisResponses,
      RedisResponses,
    ]
    closers.push(one.close, other.close)
    await untilTrue(() => one.isUp() && other.isUp(), { what: 'the cluster answers' })
    for (let i = 0; i < 20; i++) {
      const isShared = async () => {
        one.put(`name-${i}`, 'field', Buffer.from(`response ${i}`), 60_000)
        return `${(await other.get(`name-${i}`))[0]}` === `response ${i}`
      }
      await untilTrue(isShared, { what: 'it is shared' })
    }
    const handlers = openRedis(url, {})
    closers.push(() => handlers.disconnect())
    for (let i = 0; i < 20; i++) await handlers.set(`own-${i}`, i)
    expect(await handlers.get('own-7')).toBe('7')
  })
})

itWithRedis(
  'a Sentinel names another primary when that is dead: limits, caches and handlers go on there',
  async () => {
    const sentinel = await startRedisSentinel()
    closers.push(sentinel.stop)
    const limiter = openRedisLimiter(sentinel.url, { timeoutMs: 1_000 })
    const store = openRedisStore(sentinel.url, {
      namespace: 'n',
      log,
      commandTimeoutMs: 1_000,
      connectTimeoutMs: TIMEOUT_MS,
    })
    const handlers: Redis = openRedis(sentinel.url, { commandTimeout: 1_000 })
    closers.push(limiter.close, store.close, () => handlers.disconnect())
    await limiter.firstAttempt
    const works = async () => {
      const { allowed } = await limiter.take({
        rates: [{ key: 'a', limit: { requests: 1_000, perSeconds: 1, burst: 1_000 } }],
      })
      const { holder } = await store.getOrLock('a', { token: 'mine', staleMs: 0 })
      return allowed && holder === 'mine' && (await handlers.set('a', 'b')) === 'OK'
    }
    const worksNow = () => works().catch(() => false)
    await untilTrue(worksNow, { what: 'the primary answers' })
    await sentinel.killPrimary()
    expect(await worksNow()).toBe(false)
    await untilTrue(worksNow, { what: 'the other one is the primary' })
  },
  120_000,
)
