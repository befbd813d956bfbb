import { expect, it } from '@jest/globals'
import { untilTrue } from '../../test/support/until.ts'
import { createFunctionPool, type Lease } from './function-pool.ts'

const BUSY = { status: 503, headers: { 'retry-after': '1' } }

/** A pool whose clock and instances a test controls. */
function createPool({ max = 3, concurrency = 2 } = {}) {
  const state = { at: 0 }
  const launched: { ready: () => void; drain: () => void; die: () => void }[] = []
  const pool = createFunctionPool({
    ...{ name: 'f', scale: { max, concurrency }, idleMs: 60_000, report: () => {}, now: () => state.at },
    launch: async () => {
      const { promise: listening, resolve } = Promise.withResolvers<number>()
      const exited = Promise.withResolvers<{ code: number; signal: null }>()
      const draining = Promise.withResolvers<void>()
      const die = () => exited.resolve({ code: 1, signal: null })
      const pid = launched.push({ ready: () => resolve(pid), drain: draining.resolve, die })
      const stop = async () => {
        exited.resolve({ code: 0, signal: null })
        return exited.promise
      }
      return { pid, listening, draining: draining.promise, exited: exited.promise, stop }
    },
  })
  const acquire = (timeoutMs = 1_000) => pool.acquire({ signal: new AbortController().signal, timeoutMs })
  /** Takes both slots of one ready instance. */
  const full = async (): Promise<[Lease, Lease]> => {
    const leases = [acquire(), acquire()] as const
    await untilTrue(() => launched.length === 1)
    launched[0]?.ready()
    return Promise.all(leases)
  }
  return { state, launched, pool, acquire, full }
}

it('starts one more instance if requests wait for a slot', async () => {
  const { launched, acquire, full, pool } = createPool()
  await full()
  const third = acquire()
  await untilTrue(() => launched.length === 2)
  launched[1]?.ready()
  expect(await third).toMatchObject({ port: 2, leftMs: 1_000 })
  await pool.stop()
})

it('starts none for waiting requests while an instance is overloaded', async () => {
  const { state, launched, acquire, full, pool } = createPool()
  const [first, second] = await full()
  first.release('refused')
  const [third, fourth] = [acquire(), acquire()]
  await third
  expect(launched).toHaveLength(1)
  second.release('done')
  await fourth
  state.at += 1_000
  const fifth = acquire()
  await untilTrue(() => launched.length === 2)
  launched[1]?.ready()
  expect(await fifth).toMatchObject({ port: 2 })
  await pool.stop()
})

it('refuses a request that has waited for half of its time, and passes on what the others have left', async () => {
  const { state, acquire, full, pool } = createPool({ max: 1 })
  const [first, second] = await full()
  const late = acquire(1_000).catch((problem: unknown) => problem)
  state.at += 300
  const next = acquire(1_000)
  state.at += 300
  first.release('done')
  expect(await late).toMatchObject(BUSY)
  expect(await next).toMatchObject({ leftMs: 700 })
  second.release('done')
  await pool.stop()
})

it('refuses at once a request that would wait too long at the current pace', async () => {
  const { state, acquire, full, pool } = createPool({ max: 1 })
  let leases = await full()
  for (let round = 0; round < 50; round++) {
    state.at += 1_000
    for (const lease of leases) lease.release('done')
    leases = [await acquire(), await acquire()]
  }
  const waiting = acquire(4_000)
  await expect(acquire(1_000)).rejects.toMatchObject(BUSY)
  leases[0].release('done')
  await waiting
  await pool.stop()
})

it('waiting for a start does not count against the request', async () => {
  const { state, launched, acquire, pool } = createPool()
  const first = acquire(1_000)
  await untilTrue(() => launched.length === 1)
  state.at += 5_000
  launched[0]?.ready()
  expect(await first).toMatchObject({ leftMs: 1_000 })
  await pool.stop()
})

it('an instance that crashes after its start is replaced for the next request, any number of times', async () => {
  const { launched, acquire, pool } = createPool()
  for (let round = 0; round < 5; round++) {
    const lease = acquire()
    await untilTrue(() => launched.length === round + 1)
    launched[round]?.ready()
    const { port, release } = await lease
    expect(port).toBe(round + 1)
    launched[round]?.die()
    release('done')
    await untilTrue(() => pool.status().instances === 0)
  }
  await pool.stop()
})

it('a request that waits for a slot in an instance that crashes gets one in the next', async () => {
  const { launched, acquire, full, pool } = createPool({ max: 1 })
  await full()
  const waiting = acquire()
  launched[0]?.die()
  await untilTrue(() => launched.length === 2)
  launched[1]?.ready()
  expect(await waiting).toMatchObject({ port: 2 })
  await pool.stop()
})

it('an instance that drains keeps its requests, and another one is started for new ones', async () => {
  const { launched, acquire, full, pool } = createPool({ max: 1 })
  const [first] = await full()
  first.release('done')
  launched[0]?.drain()
  await new Promise(setImmediate)
  const next = acquire()
  await untilTrue(() => launched.length === 2)
  launched[1]?.ready()
  expect(await next).toMatchObject({ port: 2 })
  expect(pool.status().instances).toBe(2)
  launched[0]?.die()
  await untilTrue(() => pool.status().instances === 1)
  await pool.stop()
})
