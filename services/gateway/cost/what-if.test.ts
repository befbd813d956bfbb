import { expect, it } from '@jest/globals'
import { countDuration } from '../../../src/data/cost/durations.ts'
import type { CallMinute } from '../../../src/data/cost/read-minutes.ts'
import { whatIf } from './what-if.ts'

const minute = (part: Partial<CallMinute>): CallMinute => ({
  ...{ second: 0, began: [], warm: {}, waited: {}, starts: {}, tailSeconds: 0, asked: null, share: 1, partOfHour: 1 },
  ...part,
})
const durations = (ms: number, count: number) => {
  const counts = new Map<number, number>()
  for (let i = 0; i < count; i++) countDuration(counts, ms)
  return Object.fromEntries(counts)
}
const input = {
  settings: { max: 10, concurrency: 1, maxAgeSeconds: 0 },
  ...{ from: 0, to: 120, change: {} },
}
const RECORDED = {
  minutes: [
    minute({
      ...{ began: [0, 1, 5_000, 1, 40_000, 1], warm: durations(20, 1) },
      ...{ waited: durations(520, 2), starts: durations(520, 2) },
    }),
  ],
  // From 0 to 5.02 and from 40 to 40.52, and the idle time after each.
  recorded: { instances: 2, instanceSeconds: 25.54, startingSeconds: 1 },
}

it('is fitted to what was recorded, and says what would be otherwise', async () => {
  const { idleSeconds, recorded, simulated, changed } = await whatIf({ ...input, ...RECORDED, change: { min: 1 } })
  expect(Math.abs(idleSeconds - 10)).toBeLessThan(0.05)
  expect(recorded).toMatchObject({ calls: 3, coldStarts: 2, instanceSeconds: 25.54 })
  expect(Math.abs(simulated.instanceSeconds - 25.54)).toBeLessThan(0.1)
  for (const { p99Ms } of [recorded, simulated]) expect(Math.abs((p99Ms ?? 0) - 520)).toBeLessThan(12)
  expect(changed).toMatchObject({ calls: 3, coldStarts: 0, instanceSeconds: 120 })
  expect(Math.abs((changed.p99Ms ?? 0) - 20)).toBeLessThan(0.5)
})

it('a cache leaves those calls that nothing kept could answer, those of a relay among them', async () => {
  const began = [0, 1, 5_000, 1, 13_000, 1, 20_000, 1, 30_000, 2]
  const minutes = [minute({ began, warm: durations(20, 6), asked: [0, 7, 5_000, 7, 13_000, 7, 20_000, 9] })]
  const { simulated, changed } = await whatIf({
    ...{ ...input, minutes, recorded: { instances: 1, instanceSeconds: 50, startingSeconds: 1 } },
    change: { maxAgeSeconds: 11 },
  })
  expect([simulated.calls, changed.calls]).toEqual([6, 5])
})

it('of a sample of resources, each stands for others like it', async () => {
  const minutes = [minute({ began: [0, 8], warm: durations(20, 8), asked: [0, 7, 5_000, 7], share: 0.25 })]
  const recorded = { instances: 1, instanceSeconds: 50, startingSeconds: 1 }
  const { changed } = await whatIf({ ...input, minutes, recorded, change: { maxAgeSeconds: 60 } })
  expect(changed.calls).toBe(4)
})

it('knows nothing where nothing was recorded', async () => {
  const { recorded, changed } = await whatIf({
    ...{ ...input, minutes: [], change: { concurrency: 5 } },
    recorded: { instances: 0, instanceSeconds: 0, startingSeconds: 0 },
  })
  expect([recorded, changed]).toEqual([
    { calls: 0, coldStarts: 0, instanceSeconds: 0, p50Ms: null, p99Ms: null },
    { calls: 0, coldStarts: 0, instanceSeconds: 0, p50Ms: null, p99Ms: null },
  ])
})
