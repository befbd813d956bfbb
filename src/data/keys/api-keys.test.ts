import { afterAll, expect, it } from '@jest/globals'
import type pg from 'pg'
import { createLog } from '../../kernel/index.ts'
import { testDatabase } from '../../testing/index.ts'
import { openListener } from '../postgres/listener.ts'
import { createPool } from '../postgres/pool.ts'
import { isWellFormed, makeToken } from './api-key-token.ts'
import { createKey, ensureKey, KEYS_CHANNEL, listKeys, revokeKey } from './api-keys.ts'
import { findKeys } from './find-keys.ts'

// Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
afterAll(() => pool.end())
const { ownerUrl: url } = testDatabase()
const log = createLog({ level: 'silent' })
const pool = createPool(url, { log })
const PEPPER = 'p'.repeat(32)
const actor = 'test'
const scopes = ['things:write']
const NO_MORE = { roles: [], tenant: null, plan: null, name: null, replaces: null }

const create = (subject: string, expiresAt?: string) => createKey(pool, PEPPER, { subject, scopes, actor, expiresAt })
const auditOf = async (subject: string) =>
  (await pool.query('select actor, action from ebb.audit where subject like $1 order by id', [`${subject} %`])).rows

const findKey = async (...[database, pepper, token]: [pg.Pool, string, string]) =>
  (await findKeys(database, pepper, [token]))[0]

it('a created key is found by its token, which is stored nowhere', async () => {
  const { key, token } = await create('ann')
  expect(token).toMatch(/^ebb_live_[0-9A-Za-z]{32}_[0-9a-f]{8}$/)
  expect(await findKey(pool, PEPPER, token)).toEqual(key)
  expect(key).toEqual({
    ...{
      id: expect.any(String),
      subject: 'ann',
      scopes,
      ...NO_MORE,
      prefix: token.slice(9, 17),
      expiresAt: null,
      revokedAt: null,
    },
    createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  const { rows } = await pool.query('select *, hmac::text as text from ebb.api_key where subject = $1', ['ann'])
  expect(rows[0].hmac).toHaveLength(32)
  expect(JSON.stringify(rows)).not.toContain(token.slice(17, 41))
  expect(await auditOf('ann')).toEqual([{ actor, action: 'key.created' }])
})

it('many tokens are looked up by one query, in their order', async () => {
  const made = [await create('many-1'), await create('many-2')] as const
  const tokens = [made[1].token, makeToken(), 'nonsense', made[0].token, made[1].token]
  const found = await findKeys(pool, PEPPER, tokens)
  expect(found.map((key) => key?.subject)).toEqual(['many-2', undefined, undefined, 'many-1', 'many-2'])
})

it('another pepper finds nothing', async () => {
  const { token } = await create('ben')
  expect(await findKey(pool, 'q'.repeat(32), token)).toBeUndefined()
})

it('a key that was made with the previous pepper is found, and from then on by the new one alone', async () => {
  const { key, token } = await create('bea')
  const anew = 'n'.repeat(32)
  const find = (current: string, previous?: string) =>
    findKeys(pool, () => ({ current, previous }), [makeToken(), token])
  expect(await find(anew)).toEqual([undefined, undefined])
  expect(await find(anew, PEPPER)).toEqual([undefined, key])
  expect(await find(anew)).toEqual([undefined, key])
  expect(await find(PEPPER)).toEqual([undefined, undefined])
})

it('a malformed token costs no query', async () => {
  const token = makeToken()
  const other = token.endsWith('0') ? '1' : '0'
  // Not a pool at all: a query would fail.
  const none = {} as typeof pool
  for (const bad of ['', 'ebb_live_', token.slice(0, -1), token.slice(0, -1) + other, `${token} `, `x${token}`]) {
    expect(isWellFormed(bad)).toBe(false)
    expect(await findKey(none, PEPPER, bad)).toBeUndefined()
  }
  expect(isWellFormed(token)).toBe(true)
})

it('409 a third live key: the message says which to revoke, after which another can be created', async () => {
  const { key } = await create('cy')
  await create('cy')
  await expect(create('cy')).rejects.toMatchObject({
    ...{ code: 'too_many_keys', status: 409, message: expect.stringContaining(key.id) },
  })
  await revokeKey(pool, key.id, { actor })
  await create('cy')
  expect(await listKeys(pool, { subject: 'cy' })).toHaveLength(3)
})

it('of many concurrent calls only two create a key', async () => {
  const settled = await Promise.allSettled(Array.from({ length: 8 }, () => create('dan')))
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
  expect(await listKeys(pool, { subject: 'dan' })).toHaveLength(2)
})

it('an expired key is not found any more, and does not count as live', async () => {
  const soon = new Date(Date.now() + 50).toISOString()
  const { key, token } = await create('eve', soon)
  expect(key.expiresAt).toBe(soon.replace('Z', '000Z'))
  await create('eve')
  await pool.query('select pg_sleep(0.06)')
  expect(await findKey(pool, PEPPER, token)).toBeUndefined()
  await create('eve')
})

it('a revoked key is not found any more, listeners are notified, and revoking it again changes nothing', async () => {
  const { key, token } = await create('fay')
  const notified = Promise.withResolvers<string>()
  const up = Promise.withResolvers<void>()
  const channel = openListener(url, [KEYS_CHANNEL], { onNotify: notified.resolve, onUp: up.resolve, log })
  await up.promise
  expect(await revokeKey(pool, key.id, { actor })).toMatchObject({ id: key.id, revokedAt: expect.any(String) })
  expect(await notified.promise).toBe(KEYS_CHANNEL)
  expect(await findKey(pool, PEPPER, token)).toBeUndefined()
  expect(await revokeKey(pool, key.id, { actor })).toMatchObject({ id: key.id })
  expect(await auditOf('fay')).toEqual([
    { actor, action: 'key.created' },
    { actor, action: 'key.revoked' },
  ])
  await channel.close()
})

it('revoking an unknown id returns undefined', async () => {
  expect(await revokeKey(pool, '00000000-0000-4000-8000-000000000000', { actor })).toBeUndefined()
})

it('a given token is made live, whatever its key was before', async () => {
  const token = makeToken()
  const ensure = (wanted: readonly string[]) => ensureKey(pool, PEPPER, token, { subject: 'gus', scopes: wanted })
  await Promise.all([ensure(['a:b']), ensure(['a:b'])])
  const [key] = await listKeys(pool, { subject: 'gus' })
  await revokeKey(pool, key!.id, { actor })
  await ensure(['c:d'])
  expect(await findKey(pool, PEPPER, token)).toMatchObject({ id: key!.id, scopes: ['c:d'], revokedAt: null })
  await expect(ensureKey(pool, PEPPER, 'ebb_live_x', { subject: 'gus', scopes })).rejects.toThrow(TypeError)
})

it('pages do not overlap', async () => {
  const first = await listKeys(pool, { limit: 3 })
  const second = await listKeys(pool, { limit: 3, before: first[2]!.id })
  const ids = [...first, ...second].map(({ id }) => id)
  expect([ids.length, new Set(ids).size]).toEqual([6, 6])
  expect(first[0]!.createdAt >= second[0]!.createdAt).toBe(true)
})
