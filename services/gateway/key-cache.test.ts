import { expect, it } from '@jest/globals'
import { makeToken } from '../../src/data/keys/api-key-token.ts'
import type { ApiKey } from '../../src/data/keys/api-keys.ts'
import { createKeyCache } from './key-cache.ts'

const TOKEN = makeToken()
const KEY: ApiKey = {
  ...{
    id: '1',
    subject: 'ann',
    tenant: 'acme',
    name: null,
    prefix: 'abc',
    scopes: ['a:b'],
    roles: ['clerk'],
    plan: 'free',
    replaces: null,
  },
  ...{ createdAt: '', expiresAt: null, revokedAt: null },
}
const CALLER = {
  caller: { sub: 'ann', scopes: ['a:b'], roles: ['clerk'], tenant: 'acme' },
  ...{ credential: { kind: 'key', id: '1' }, plan: 'free' },
}

/** A cache whose clock and key store a test holds. */
function createTestCache(answer: () => Promise<ApiKey | undefined> = async () => KEY) {
  const state = { at: 0, looks: 0, answer }
  const look = () => {
    state.looks++
    return state.answer()
  }
  return { state, cache: createKeyCache(look, { now: () => state.at }) }
}

it('a key is looked up once in 30 s', async () => {
  const { state, cache } = createTestCache()
  expect(await cache.find(TOKEN)).toEqual(CALLER)
  state.at = 29_999
  expect(await cache.find(TOKEN)).toEqual(CALLER)
  expect(state.looks).toBe(1)
  state.at = 30_000
  await cache.find(TOKEN)
  expect(state.looks).toBe(2)
})

it('a thousand at once make one lookup', async () => {
  const { state, cache } = createTestCache()
  const found = await Promise.all(Array.from({ length: 1_000 }, () => cache.find(TOKEN)))
  expect([state.looks, new Set(found).size]).toEqual([1, 1])
})

it('an unknown key is remembered for 2 s, a malformed one is never looked up', async () => {
  const { state, cache } = createTestCache(async () => undefined)
  await cache.find('ebb_live_nonsense')
  expect(state.looks).toBe(0)
  await cache.find(TOKEN)
  expect(await cache.find(TOKEN)).toBeUndefined()
  expect(state.looks).toBe(1)
  state.at = 2_000
  state.answer = async () => KEY
  expect(await cache.find(TOKEN)).toEqual(CALLER)
})

it('a key that expires is valid until then, and no longer', async () => {
  const { state, cache } = createTestCache(async () => ({ ...KEY, expiresAt: new Date(10_000).toISOString() }))
  await cache.find(TOKEN)
  state.answer = async () => undefined
  state.at = 9_999
  expect(await cache.find(TOKEN)).toEqual(CALLER)
  state.at = 10_000
  expect(await cache.find(TOKEN)).toBeUndefined()
})

it('after clear everything is looked up again', async () => {
  const { state, cache } = createTestCache()
  await cache.find(TOKEN)
  cache.clear()
  state.answer = async () => undefined
  expect(await cache.find(TOKEN)).toBeUndefined()
})

it('what was looked up before clear is not remembered after it', async () => {
  const { promise, resolve } = Promise.withResolvers<ApiKey>()
  const { state, cache } = createTestCache(() => promise)
  const before = cache.find(TOKEN)
  cache.clear()
  state.answer = async () => undefined
  const after = cache.find(TOKEN)
  resolve(KEY)
  await before
  expect([await after, await cache.find(TOKEN)]).toEqual([undefined, undefined])
})

it('503 while lookups fail, but for what is cached', async () => {
  const { state, cache } = createTestCache()
  const other = makeToken()
  await cache.find(TOKEN)
  state.answer = async () => {
    throw new Error('the database is unavailable')
  }
  state.at = 29_999
  expect(await cache.find(TOKEN)).toEqual(CALLER)
  const refused = { code: 'unavailable', status: 503, headers: { 'retry-after': '2' } }
  await expect(cache.find(other)).rejects.toMatchObject(refused)
  state.at = 30_000
  await expect(cache.find(TOKEN)).rejects.toMatchObject(refused)
  state.answer = async () => KEY
  expect(await cache.find(TOKEN)).toEqual(CALLER)
})

it('at most 10,000 are remembered', async () => {
  const { state, cache } = createTestCache()
  await cache.find(TOKEN)
  for (let i = 0; i < 10_000; i++) await cache.find(makeToken())
  state.looks = 0
  await cache.find(TOKEN)
  expect(state.looks).toBe(1)
})

it('a key that was valid is marked as known, however it expired; nothing can change what it stands for', async () => {
  const asked: boolean[] = []
  const cache = createKeyCache(async (_token, { isKnown }) => {
    asked.push(isKnown)
    return KEY
  })
  const { caller } = (await cache.find(TOKEN)) ?? {}
  cache.clear()
  await cache.find(TOKEN)
  expect(asked).toEqual([false, true])
  expect([Object.isFrozen(caller), Object.isFrozen(caller?.scopes)]).toEqual([true, true])
})
