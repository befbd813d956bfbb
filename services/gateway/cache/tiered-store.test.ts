import { randomUUID } from 'node:crypto'
import { afterEach, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import type { ReadPurge } from '../../../src/data/purges.ts'
import { createSealer } from '../../../src/data/seal.ts'
import { createMemoryStore } from '../../../src/http/gateway/cache/memory-store.ts'
import { itWithRedis, testRedis } from '../../../test/support/redis.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { createPurgeLog } from './purge-log.ts'
import { openRedisResponses } from './redis-responses.ts'
import { testResponse } from './test-support.ts'
import { createTieredStore } from './tiered-store.ts'

const opened: { readonly close: () => void }[] = []
afterEach(() => {
  for (const each of opened.splice(0)) each.close()
})

const sealer = createSealer(() => 'a secret of the gateways', { of: 'cache' })
const KEY = 'ada\u001f/v1/products/17'

/** A gateway's store. What it publishes is kept, and what it logs. */
async function testStore(url?: string, { maxBytes = 1_000 } = {}) {
  const log = createLog({ level: 'silent' })
  const warnings: unknown[] = []
  Object.assign(log, { warn: (...line: unknown[]) => warnings.push(line) })
  const redis = url ? openRedisResponses(url, { log, probeMs: 10, minOutageMs: 0, timeoutMs: 1_000 }) : undefined
  if (redis) opened.push(redis)
  await redis?.started
  // It was asked before it was connected.
  warnings.length = 0
  const published: unknown[] = []
  const memory = createMemoryStore({ maxBytes: 100_000 })
  const origin = randomUUID()
  const { store, onRead } = createTieredStore(memory, {
    ...{ origin, purges: createPurgeLog({ windowMs: 10_000 }) },
    publisher: { publish: (purge) => published.push(purge) },
    shared: redis && { redis, sealer, maxBytes },
  })
  onRead({ purges: [], snapshot: '10:10:', isCut: false })
  return { store, onRead, origin, published, memory, redis, warnings }
}

const read = (value: string, xid: number, origin: string | null = null): ReadPurge => ({
  ...{ kind: 'tag', value, xid, origin },
})
const bodies = async ({ store }: Awaited<ReturnType<typeof testStore>>, key = KEY) =>
  (await store.get(key)).map(({ body }) => Buffer.from(body).toString())
/** Puts a response, and waits until another gateway would find it. */
async function putShared(by: Awaited<ReturnType<typeof testStore>>, response = testResponse(), key = KEY) {
  void by.store.put(key, response, by.store.generation())
  const name = sealer.nameOf(key)
  await untilTrue(async () => ((await by.redis?.get(name)) ?? []).length > 0)
}

itWithRedis('what one gateway has, another one finds: of the same key alone', async () => {
  const redis = await testRedis()
  await redis.start()
  const [one, two] = [await testStore(redis.url), await testStore(redis.url)]
  await putShared(one)
  expect(await bodies(two)).toEqual(['lamp'])
  expect(await bodies(two, 'eve\u001f/v1/products/17')).toEqual([])
  // It is in its own memory from then on.
  expect(two.store.get(KEY)).toHaveLength(1)
})

itWithRedis('a purge that came between asking and answering holds in both tiers, whoever made it', async () => {
  const redis = await testRedis()
  await redis.start()
  const [one, two] = [await testStore(redis.url), await testStore(redis.url)]
  const since = one.store.generation()
  one.onRead({ purges: [read('product:17', 10)], snapshot: '11:11:', isCut: false })
  void one.store.put(KEY, testResponse(), since)
  expect(await bodies(one)).toEqual([])
  // Put before this gateway knew; the other one knows.
  await putShared(two)
  expect(await bodies(one)).toEqual([])
  two.onRead({ purges: [read('product:17', 10)], snapshot: '11:11:', isCut: false })
  expect(await bodies(two)).toEqual([])
  await putShared(two)
  expect(await bodies(one)).toEqual(['lamp'])
})

itWithRedis('a purge of a gateway holds for itself at once, and for the others when they read of it', async () => {
  const redis = await testRedis()
  await redis.start()
  const [one, two] = [await testStore(redis.url), await testStore(redis.url)]
  await putShared(one)
  expect(await bodies(two)).toEqual(['lamp'])
  void one.store.purge({ tag: 'product:17' })
  expect(one.published).toEqual([{ kind: 'tag', value: 'product:17' }])
  expect(await bodies(one)).toEqual([])
  const fresh = testResponse({ body: Buffer.from('newer') })
  const since = one.store.generation()
  for (const { onRead } of [one, two])
    onRead({ purges: [read('product:17', 10, one.origin)], snapshot: '11:11:', isCut: false })
  // Asked for after its own purge: that comes back from the database, and does it no harm.
  void one.store.put(KEY, fresh, since)
  expect(await bodies(one)).toEqual(['newer'])
  await untilTrue(async () => (await bodies(two)).includes('newer'))
})

itWithRedis('the newer one of a variant is used, and beside it what only one tier has', async () => {
  const redis = await testRedis()
  await redis.start()
  const [one, two] = [await testStore(redis.url), await testStore(redis.url)]
  const stale = { respondedAt: Date.now() - 10_000, freshSeconds: 1 }
  void two.store.put(KEY, testResponse({ ...stale, body: Buffer.from('old') }), two.store.generation())
  two.memory.put(KEY, testResponse({ ...stale, variant: 'de', body: Buffer.from('alt') }), 0)
  await putShared(one)
  await untilTrue(async () => (await bodies(two)).includes('lamp'))
  expect((await bodies(two)).sort()).toEqual(['alt', 'lamp'])
})

itWithRedis('a value is too large, or over: it is not shared', async () => {
  const redis = await testRedis()
  await redis.start()
  const [one, two] = [await testStore(redis.url), await testStore(redis.url)]
  void one.store.put('large', testResponse({ body: Buffer.alloc(1_001) }), one.store.generation())
  void one.store.put('over', testResponse({ keepUntil: Date.now() - 1 }), one.store.generation())
  await putShared(one)
  expect([await bodies(two, 'large'), await bodies(two, 'over'), await bodies(two)]).toEqual([[], [], ['lamp']])
  void one.store.remove(KEY, '')
  await untilTrue(async () => ((await one.redis?.get(sealer.nameOf(KEY))) ?? []).length === 0)
})

itWithRedis('without redis each gateway has its memory, says so once, and comes back', async () => {
  const redis = await testRedis()
  await redis.start()
  const one = await testStore(redis.url)
  await putShared(one)
  redis.hold()
  void one.store.put('other', testResponse(), one.store.generation())
  await untilTrue(() => one.redis?.isUp() === false)
  expect([await bodies(one), await bodies(one, 'unknown')]).toEqual([['lamp'], []])
  await redis.kill()
  for (let i = 0; i < 20; i++) await one.store.put(`${i}`, testResponse(), one.store.generation())
  expect(one.warnings).toHaveLength(1)
  await redis.start()
  await untilTrue(() => one.redis?.isUp() === true)
  await putShared(one)
  expect(await bodies(await testStore(redis.url))).toEqual(['lamp'])
})

it('more purges than can be read: everything is forgotten, and what is under way as well', async () => {
  const one = await testStore()
  void one.store.put(KEY, testResponse(), one.store.generation())
  const since = one.store.generation()
  one.onRead({ purges: [read('other', 10)], snapshot: '12:12:', isCut: true })
  void one.store.put('under way', testResponse(), since)
  expect([await bodies(one), await bodies(one, 'under way')]).toEqual([[], []])
})
