import { expect, it } from '@jest/globals'
import { msOf } from '../../../src/data/cost/durations.ts'
import { type SimulatedRun, simulateCalls } from './simulate-calls.ts'

const RUN: SimulatedRun = {
  ...{ min: 0, max: 10, concurrency: 1, idleSeconds: 10, warm: [], maxAgeSeconds: 0, from: 0, to: 120 },
}
const TIMES = { serviceMs: () => 200, tailMs: 0, startMs: () => 1_000 }

async function simulate(at: readonly (number | readonly [at: number, resource: number])[], part = {}, times = TIMES) {
  const arrivals = at.map((one) => (typeof one === 'number' ? { at: one } : { at: one[0], resource: one[1] }))
  const { durations, instanceSeconds, ...lives } = await simulateCalls(arrivals, { ...RUN, ...part }, times)
  const took = [...durations].sort(([a], [b]) => a - b).map(([bucket, count]) => [near(msOf(bucket)), count])
  return { ...lives, instanceSeconds: Number(instanceSeconds.toFixed(3)), took }
}
/** What buckets of 2 % blur. */
const near = (ms: number) => Number(ms.toPrecision(1))

it('a call starts an instance, which ends when it had nothing to do for the idle time', async () => {
  expect(await simulate([0, 5, 40])).toEqual({
    // From 0 to 15.2, and from 40 to 51.2: a start, calls, and the idle time.
    ...{ calls: 3, starts: 2, instanceSeconds: 26.4 },
    took: [
      [200, 1],
      [1_000, 2],
    ],
  })
})

it('a pause that is longer than the idle time ends an instance, and a shorter one does not', async () => {
  expect((await simulate([0, 11.3])).starts).toBe(2)
  expect((await simulate([0, 11.1])).starts).toBe(1)
})

it('however short the idle time is, an instance answers the call that it was started for', async () => {
  expect(await simulate([0, 5], { idleSeconds: 0 })).toMatchObject({ starts: 2, instanceSeconds: 2.4 })
})

it('calls wait in order for an instance that is free, and another one starts where more of them wait than those take that are starting', async () => {
  const twice = await simulate([0, 0.1])
  expect([twice.starts, twice.took]).toEqual([2, [[1_000, 2]]])
  const shared = await simulate([0, 0.1], { concurrency: 2 })
  expect(shared).toMatchObject({ starts: 1, instanceSeconds: 11.2 })
  // Four at once, at one instance: each waits for those before it.
  const alone = await simulate([20, 20, 20, 20], { max: 1, min: 1 })
  expect(alone.took).toEqual([
    [200, 1],
    [400, 1],
    [600, 1],
    [800, 1],
  ])
})

it('a call that waits beside a start is answered by an instance that is free before', async () => {
  // The second waits 100 ms for the first, though an instance starts for it, which is then idle.
  const { took, starts, instanceSeconds } = await simulate([50, 50.1], { min: 1 })
  expect(took.map(([, count]) => count)).toEqual([1, 1])
  expect(Number(took[1]?.[0])).toBe(300)
  expect([starts, instanceSeconds]).toEqual([1, 120 + 11])
})

it('calls are for the instance that has the most to do, so that the others may end', async () => {
  // Two start at 20 and are done at 21.2; two calls at a time keep one of them until 59.3, and the other ends at 31.2.
  const four = [20, 20, 20, 20]
  const { starts, instanceSeconds } = await simulate([...four, 30, 30.1, 40, 40.1, 49, 49.1], { concurrency: 2 })
  expect([starts, instanceSeconds]).toEqual([2, 39.3 + 11.2])
})

it('instances that are kept live all the time, and nobody waits for them', async () => {
  expect(await simulate([1, 40], { min: 1 })).toMatchObject({ instanceSeconds: 120, starts: 0, took: [[200, 2]] })
  // A window that is open at the begin has kept one already, which ends 10 s after its last call.
  const open = await simulate([1, 55], { warm: [[0, 50]] })
  expect([open.starts, open.instanceSeconds]).toEqual([1, 50 + 11.2])
  // It ends 10 s after 1.2, and is started at 30 for the window, which ends at 70.
  expect(await simulate([0, 40], { warm: [[30, 70]] })).toMatchObject({
    ...{ starts: 2, instanceSeconds: 51.2 },
    took: [
      [200, 1],
      [1_000, 1],
    ],
  })
})

it('a cache answers what was answered within its time, and what is asked for meanwhile waits for one call', async () => {
  const asked = [0, 0.5, 1, 5, 11.1, 11.3, 12].map((at) => [at, 7] as const)
  const { calls, took } = await simulate([...asked, [12, 8]], { maxAgeSeconds: 10 })
  // The first is answered at 1.2, for two others as well, and is fresh until 11.2.
  expect(calls).toBe(3)
  expect(took[0]).toEqual([1, 2])
})

it('the time from the begin of a response to its end keeps an instance busy, and nobody waiting', async () => {
  const streams = await simulate([50], { min: 1, concurrency: 1 }, { ...TIMES, tailMs: 30_000 })
  expect(streams.took).toEqual([[200, 1]])
  expect((await simulate([0, 20], {}, { ...TIMES, tailMs: 30_000 })).starts).toBe(2)
})
