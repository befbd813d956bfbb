import { describe, expect, it } from '@jest/globals'
import { untilTrue } from '../../../test/support/until.ts'
import { collectLog, configOf, testBindContext } from '../test-support.ts'
import { cacheOn, cache as resource } from './cache.ts'
import { countingLoad, heldLoad, itWithRedis, setUpCache } from './test-support.ts'

const VALUE = 'ebb:cache:things:a'
const LOCK = 'ebb:cache-lock:things:a'
const ttlSeconds = 60

describe('a value', () => {
  itWithRedis('is loaded once, and returned to every process from then on', async () => {
    const { client, openProcess } = await setUpCache()
    const [here, there] = [openProcess()(), openProcess()()]
    const load = countingLoad()
    expect([await here.get('a', { ttlSeconds, load }), await there.get('a', { ttlSeconds, load })]).toEqual([1, 1])
    expect(await client.get(VALUE)).toBe('1')
    expect(await client.pttl(VALUE)).toBeGreaterThan(50_000)
    expect(await client.exists(LOCK)).toBe(0)
    expect(await here.get('b', { ttlSeconds, load })).toBe(2)
  })

  itWithRedis('expires', async () => {
    const { client, openProcess } = await setUpCache()
    const [cache, load] = [openProcess()(), countingLoad()]
    await cache.get('a', { ttlSeconds: 0.01, load })
    await untilTrue(async () => (await client.exists(VALUE)) === 0)
    expect(await cache.get('a', { ttlSeconds, load })).toBe(2)
  })

  itWithRedis("is apart from other namespaces' values", async () => {
    const { redis, client } = await setUpCache()
    const load = countingLoad()
    for (const [one, key] of [
      [resource, 'ebb:cache:shared:a'],
      [cacheOn('others'), 'ebb:cache:others:a'],
    ] as const) {
      const opened = one.open(configOf({ REDIS_URL: redis.url }), collectLog().log)
      // The first command of a busy process may be too late; then the next one stores the value.
      await untilTrue(async () => {
        await one.bind(opened, testBindContext()).get('a', { ttlSeconds, load })
        return (await client.exists(key)) === 1
      })
      await one.close?.(opened)
    }
  })

  itWithRedis("is a tenant's own, whatever a key is made of", async () => {
    const { redis, client } = await setUpCache()
    const opened = resource.open(configOf({ REDIS_URL: redis.url }), collectLog().log)
    const of = (tenant?: string) => resource.bind(opened, { ...testBindContext(), tenant })
    await untilTrue(async () => {
      await of().get('warm', { ttlSeconds, load: async () => 1 })
      return (await client.exists('ebb:cache:shared:warm')) === 1
    })
    const load = countingLoad()
    const keys = [
      ...([
        [undefined, 'a'],
        ['acme', 'a'],
        ['globex', 'a'],
        [undefined, '\u001facme\u001fa'],
      ] as const),
      ...([
        [undefined, '\u001f\u001facme\u001fa'],
        ['acme', '\u001fa'],
        ['acme', '\u001fglobex\u001fa'],
      ] as const),
    ]
    const values = []
    for (const [tenant, key] of keys) values.push(await of(tenant).get(key, { ttlSeconds, load }))
    expect(values).toEqual(keys.map((_, i) => i + 1))
    await of('globex').delete('a')
    expect(await of('acme').get('a', { ttlSeconds, load })).toBe(2)
    await resource.close?.(opened)
  })

  itWithRedis('is a copy that went through JSON, also the first time', async () => {
    const cache = (await setUpCache()).openProcess()()
    const load = async () => ({ at: new Date(0), gone: undefined, list: [1] })
    const first = await cache.get('a', { ttlSeconds, load })
    first.list.push(2)
    const second = await cache.get('a', { ttlSeconds, load })
    const at: string = second.at
    expect([at, second]).toEqual(['1970-01-01T00:00:00.000Z', { at, list: [1] }])
    // @ts-expect-error a Date comes back as text
    expect(() => second.at.getTime()).toThrow(TypeError)
  })

  itWithRedis('that is absent is remembered only with absentSeconds', async () => {
    const { client, openProcess } = await setUpCache()
    const cache = openProcess()()
    let loads = 0
    const load = async (): Promise<string | undefined> => void loads++
    for (const absentSeconds of [0, 0, 30, 30]) {
      expect(await cache.get('a', { ttlSeconds, load, absentSeconds })).toBeUndefined()
      expect(await client.exists(LOCK)).toBe(0)
    }
    expect(loads).toBe(3)
    expect(await client.pttl(VALUE)).toBeLessThanOrEqual(30_000)
  })

  itWithRedis('beyond 1 MiB is not stored, and that is logged once', async () => {
    const { client, openProcess, messages } = await setUpCache()
    const cache = openProcess()()
    const most = 'x'.repeat(1024 * 1024 - 2)
    for (let i = 0; i < 2; i++)
      expect(await cache.get('a', { ttlSeconds, load: async () => `${most}x` })).toHaveLength(1024 ** 2 - 1)
    expect(await client.exists(VALUE, LOCK)).toBe(0)
    expect(messages()).toEqual(['a value is too large to be cached; logged only once'])
    await cache.get('a', { ttlSeconds, load: async () => most })
    expect(await client.exists(VALUE)).toBe(1)
  })

  itWithRedis('that cannot be loaded is not stored, and is loaded again', async () => {
    const { client, openProcess } = await setUpCache()
    const [here, there] = [openProcess()(), openProcess()()]
    const error = new Error('failed')
    await expect(here.get('a', { ttlSeconds, load: () => Promise.reject(error) })).rejects.toBe(error)
    expect(await client.exists(VALUE, LOCK)).toBe(0)
    expect(await there.get('a', { ttlSeconds, load: countingLoad() })).toBe(1)
  })
})

describe('a stale value', () => {
  /** With a value that is stale, but within staleSeconds. */
  async function setUpStale() {
    const cache = await setUpCache()
    await cache.client.set(VALUE, '"old"', 'PX', 50_000)
    return { ...cache, options: { ttlSeconds, staleSeconds: 50 } }
  }

  itWithRedis('is returned to all requests but the one that makes a new one', async () => {
    const { client, openProcess, options } = await setUpStale()
    const [here, there] = [openProcess()(), openProcess()()]
    const { load, begun, end, loads } = heldLoad('new')
    const first = here.get('a', { ...options, load })
    await begun
    expect(await Promise.all([here, there, here].map((cache) => cache.get('a', { ...options, load })))).toEqual(
      Array(3).fill('old'),
    )
    end()
    expect([await first, await there.get('a', { ...options, load }), loads()]).toEqual(['new', 'new', 1])
    expect(await client.pttl(VALUE)).toBeGreaterThan(100_000)
  })

  itWithRedis('is not returned without staleSeconds', async () => {
    const { openProcess, client } = await setUpStale()
    await client.pexpire(VALUE, 1)
    await untilTrue(async () => (await client.exists(VALUE)) === 0)
    expect(await openProcess()().get('a', { ttlSeconds, load: async () => 'new' })).toBe('new')
  })
})

describe('deleting', () => {
  itWithRedis('makes every process load again', async () => {
    const { openProcess } = await setUpCache()
    const [here, there] = [openProcess()(), openProcess()()]
    const load = countingLoad()
    await here.get('a', { ttlSeconds, load })
    await there.delete('a')
    expect(await here.get('a', { ttlSeconds, load })).toBe(2)
  })

  itWithRedis('keeps a load that began before it, or in the 2 s after it, from storing its value', async () => {
    const { client, openProcess } = await setUpCache()
    const [here, there] = [openProcess()(), openProcess()()]
    const { load, begun, end } = heldLoad('before')
    const before = here.get('a', { ttlSeconds, load })
    await begun
    await there.delete('a')
    expect(await there.get('a', { ttlSeconds, load: async () => 'after' })).toBe('after')
    expect([await client.exists(VALUE), await client.pttl(LOCK)]).toEqual([0, expect.any(Number)])
    expect(await client.pttl(LOCK)).toBeLessThanOrEqual(2_000)
    // As though the 2 s were over.
    await client.del(LOCK)
    expect(await here.get('a', { ttlSeconds, load: async () => 'later' })).toBe('later')
    end()
    expect(await before).toBe('before')
    expect(await client.get(VALUE)).toBe('"later"')
  })

  itWithRedis('keeps later requests of this process from joining a load that began before it', async () => {
    const cache = (await setUpCache()).openProcess()()
    const { load, begun, end } = heldLoad('before')
    const before = cache.get('a', { ttlSeconds, load })
    await begun
    await cache.delete('a')
    expect(await cache.get('a', { ttlSeconds, load: async () => 'after' })).toBe('after')
    end()
    expect(await before).toBe('before')
  })
})

it('without a REDIS_URL each value is loaded, and that is logged', async () => {
  const { log, messages } = collectLog()
  const opened = resource.open(configOf({}), log)
  const cache = resource.bind(opened, testBindContext())
  const load = countingLoad()
  expect([await cache.get('a', { ttlSeconds, load }), await cache.get('a', { ttlSeconds, load })]).toEqual([1, 2])
  await cache.delete('a')
  await resource.close?.(opened)
  expect(messages()).toEqual(['no REDIS_URL; nothing is cached'])
})
