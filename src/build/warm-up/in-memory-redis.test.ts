import { afterEach, describe, expect, it } from '@jest/globals'
import { SCRIPTS, type ScriptedRedis } from '../../data/cache/redis-store.ts'
import { openRedis } from '../../data/redis.ts'
import { startInMemoryRedis } from './in-memory-redis.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
async function start() {
  const server = await startInMemoryRedis()
  closers.push(() => server[Symbol.asyncDispose]())
  return server.url
}

describe('an in-memory Redis', () => {
  it.each([2, 3] as const)('answers a client of RESP%i', async (protocol) => {
    const client = openRedis(await start(), { protocol })
    closers.push(() => client.disconnect())
    expect(await client.get('ü'.repeat(40_000))).toBeNull()
    expect(await Promise.all([client.set('k', 'v', 'PX', 5, 'NX'), client.incr('n'), client.ttl('k')])).toEqual([
      'OK',
      1,
      0,
    ])
    expect(await Promise.all([client.hgetall('h'), client.mget('a', 'b'), client.lrange('l', 0, -1)])).toEqual([
      {},
      [null, null],
      [],
    ])
    expect(await client.multi().get('k').incr('n').exec()).toEqual([
      [null, null],
      [null, 1],
    ])
    expect(await client.ping()).toBe('PONG')
    expect(await client.scan('0')).toEqual(['0', []])
  })

  it('runs the scripts of a cache as though nothing was cached', async () => {
    const client = openRedis(await start(), { scripts: SCRIPTS })
    closers.push(() => client.disconnect())
    // `scripts` has made them methods.
    const scripted = client as unknown as ScriptedRedis
    expect(await scripted.getOrLock('value', 'lock', 'mine', 5_000, 0)).toEqual([null, 'mine'])
  })
})
