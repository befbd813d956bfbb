import { expect, it } from '@jest/globals'
import { countDuration } from '../../../src/data/cost/durations.ts'
import type { CallMinute } from '../../../src/data/cost/read-minutes.ts'
import { simulateCache } from './simulate-cache.ts'
import { type Load, simulateLives } from './simulate-lives.ts'
import { whatIf } from './what-if.ts'

const running = { min: 0, max: 10, concurrency: 1, idleSeconds: 10, startSeconds: 0.5, warm: [] }
const loadAt = (...seconds: readonly number[]): readonly Load[] =>
  seconds.map((second) => ({ second, began: 1, peak: 1 }))
const period = { from: 0, to: 120 }

it('an instance lives from its first call to the end of the idle time after its last', () => {
  expect(simulateLives(loadAt(0, 5, 40), running, period)).toEqual({
    // From 0 to 16, and from 40 to 51.
    ...{ instanceSeconds: 27, starts: 2, waited: 2 },
  })
})

it('more calls at a time than one instance takes are for another one', () => {
  const load = [...loadAt(0, 8), { second: 4, began: 3, peak: 3 }]
  // The first from 0 to 19, and two from 4 to 15; of the three calls one finds the first one free.
  expect(simulateLives(load, running, period)).toEqual({ instanceSeconds: 41, starts: 3, waited: 3 })
  expect(simulateLives(load, { ...running, concurrency: 3 }, period)).toMatchObject({ instanceSeconds: 19, starts: 1 })
  expect(simulateLives(load, { ...running, max: 2 }, period)).toMatchObject({ instanceSeconds: 30, starts: 2 })
})

it('kept instances live all the time, and nobody waits for them', () => {
  expect(simulateLives(loadAt(0, 40), { ...running, min: 1 }, period)).toEqual({
    ...{ instanceSeconds: 120, starts: 0, waited: 0 },
  })
  // From 0 to 11, and from 30 to 70 and the idle time after it.
  expect(simulateLives(loadAt(0, 40), { ...running, warm: [[30, 70]] }, period)).toEqual({
    ...{ instanceSeconds: 61, starts: 2, waited: 1 },
  })
})

const minute = (part: Partial<CallMinute>): CallMinute => ({
  ...{ second: 0, began: [], peaks: [], warm: {}, cold: {}, asked: null, share: 1 },
  ...part,
})
const durations = (ms: number, count: number) => {
  const counts = new Map<number, number>()
  for (let i = 0; i < count; i++) countDuration(counts, ms)
  return Object.fromEntries(counts)
}
const at = (seconds: readonly number[]) => Array.from({ length: 60 }, (_, i) => (seconds.includes(i) ? 1 : 0))

it('a cache answers what was asked for within its time, and the rest is left', () => {
  const seconds = [0, 5, 12, 20]
  const minutes = [minute({ asked: [0, 7, 5, 7, 12, 7, 20, 9] })]
  const { asked, hits, load } = simulateCache(minutes, loadAt(...seconds), 10)
  expect([asked, hits, load.map(({ second }) => second)]).toEqual([4, 1, [0, 12, 20]])
  expect(simulateCache(minutes, [], 0).hits).toBe(0)
  const sampled = [minute({ asked: [0, 7, 5, 7, 6, 2 ** 30], share: 0.25 })]
  expect(simulateCache(sampled, [], 10)).toMatchObject({ asked: 8, hits: 4 })
})

it('is fitted to what was recorded, and says what would be otherwise', () => {
  const minutes = [
    minute({ began: at([0, 5, 40]), peaks: at([0, 5, 40]), warm: durations(20, 1), cold: durations(500, 2) }),
  ]
  const input = {
    ...{ minutes, settings: { max: 10, concurrency: 1, maxAgeSeconds: 0 }, ...period },
    recorded: { instances: 2, instanceSeconds: 27, startingSeconds: 1 },
  }
  const { idleSeconds, recorded, simulated, changed } = whatIf({ ...input, change: { min: 1 } })
  expect(idleSeconds).toBeCloseTo(10, 3)
  expect(recorded).toMatchObject({ calls: 3, coldStarts: 2, instanceSeconds: 27 })
  expect(simulated.instanceSeconds).toBeCloseTo(27, 3)
  expect(simulated.p99Ms).toBe(recorded.p99Ms)
  expect(Math.abs((simulated.p99Ms ?? 0) - 500)).toBeLessThan(15)
  expect(changed).toMatchObject({ calls: 3, coldStarts: 0, instanceSeconds: 120 })
  expect(Math.abs((changed.p99Ms ?? 0) - 20)).toBeLessThan(1)
})
