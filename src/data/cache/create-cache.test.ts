import { describe, expect, it } from '@jest/globals'
import { untilTrue } from '../../../test/support/until.ts'
import { collectLog, testBindContext } from '../test-support.ts'
import { bindCache } from './cache.ts'
import { createCache, nullStore } from './create-cache.ts'
import { countingLoad, heldLoad, itWithRedis, setUpCache } from './test-support.ts'

const VALUE = 'ebb:cache:things:a'
const LOCK = 'ebb:cache-lock:things:a'
const ttlSeconds = 60

describe('simultaneous requests', () => {
  itWithRedis('in three processes cause one load', async () => {
    const { openProcess } = await setUpCache()
    const processes = [openProcess()(), openProcess()(), openProcess()()]
    const { load, begun, end, loads } = heldLoad({ name: 'x' })
    const values = Array.from({ length: 300 }, (_, i) => processes[i % 3]!.get('a', { ttlSeconds, load }))
    await begun
    end()
    expect(await Promise.all(values)).toEqual(Array(300).fill({ name: 'x' }))
    expect(loads()).toBe(1)
  })

  it('cause one load without Redis', async () => {
    const { values, end, loads } = getWithoutStore()
    end()
    expect(new Set(await Promise.all(values))).toEqual(new Set(['x']))
    expect(loads()).toBe(1)
  })

  itWithRedis('share its error', async () => {
    const cache = (await setUpCache()).openProcess()()
    let loads = 0
    const load = async () => {
      loads++
      throw new Error('failed')
    }
    const settled = await Promise.allSettled(Array.from({ length: 50 }, () => cache.get('a', { ttlSeconds, load })))
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true)
    expect(loads).toBeLessThan(5)
  })
})

/** Requests for one key, in one process without Redis. */
function getWithoutStore(many = 10) {
  const dependencies = { log: collectLog().log, now: () => 0, random: () => 0, sleep: async () => {} }
  const shared = createCache(nullStore, dependencies)
  const held = heldLoad('x')
  const get = (signal?: AbortSignal) =>
    bindCache(shared, testBindContext(signal)).get('a', { ttlSeconds, load: held.load })
  return { ...held, get, values: Array.from({ length: many }, () => get()) }
}

describe('a request that is over', () => {
  it('does not fail the others: another one loads instead', async () => {
    const { get, begun, end, loads } = getWithoutStore(0)
    const request = new AbortController()
    const [leader, followers] = [get(request.signal), [get(), get()]]
    await begun
    // The followers have joined by then.
    await new Promise(setImmediate)
    request.abort(new Error('over'))
    await expect(leader).rejects.toThrow('over')
    end()
    expect([await Promise.all(followers), loads()]).toEqual([['x', 'x'], 2])
  })

  it('does not wait for the load of another request', async () => {
    const { get, end, values } = getWithoutStore()
    const request = new AbortController()
    const waiting = get(request.signal)
    request.abort(new Error('over'))
    await expect(waiting).rejects.toThrow('over')
    end()
    await Promise.all(values)
  })
})

describe('a load in another process', () => {
  itWithRedis('is waited for no longer than a second, and does not keep the value from being stored', async () => {
    const { client, openProcess } = await setUpCache()
    await client.set(LOCK, 'a killed process', 'PX', 60_000)
    let ms = 0
    let polls = 0
    const sleep = async (waitedMs: number) => {
      polls++
      ms += waitedMs
    }
    const cache = openProcess({ now: () => ms, random: () => 0.5, sleep })()
    expect(await cache.get('a', { ttlSeconds, load: countingLoad() })).toBe(1)
    expect([ms, polls]).toEqual([1_000, 25])
    expect([await client.get(VALUE), await client.exists(LOCK)]).toEqual(['1', 0])
  })

  itWithRedis('that fails is repeated by one of the waiting requests', async () => {
    const { client, openProcess } = await setUpCache()
    const [here, there] = [openProcess()(), openProcess()()]
    const failing = Promise.withResolvers<never>()
    const begun = Promise.withResolvers<void>()
    const load = () => {
      begun.resolve()
      return failing.promise
    }
    const first = here.get('a', { ttlSeconds, load })
    await begun.promise
    const second = there.get('a', { ttlSeconds, load: async () => 'mine' })
    failing.reject(new Error('failed'))
    await expect(first).rejects.toThrow('failed')
    expect(await second).toBe('mine')
    await untilTrue(async () => (await client.get(VALUE)) === '"mine"')
  })
})
