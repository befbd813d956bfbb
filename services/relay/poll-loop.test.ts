import { expect, it } from '@jest/globals'
import { createHealth } from './poll-loop.ts'
import { memoryLog } from './test-support.ts'

it('is good from the first good turn on, and not while a turn fails or hangs', () => {
  let nowMs = 0
  const health = createHealth(memoryLog(), { now: () => nowMs })
  const seen = [health.isGood()]
  const look = () => seen.push(health.isGood())
  health.begin()
  look()
  health.good()
  look()
  health.begin()
  nowMs = 14_999
  look()
  nowMs = 15_000
  look()
  health.good()
  look()
  health.bad(new Error('away'))
  look()
  health.begin()
  look()
  health.good()
  look()
  expect(seen).toEqual([false, false, true, true, false, true, false, false, true])
})

it('is alive while turns end, well or not, and not where one never does', () => {
  let nowMs = 0
  const health = createHealth(memoryLog(), { now: () => nowMs })
  const seen = [health.isAlive()]
  const look = (afterMs = 0) => {
    nowMs += afterMs
    seen.push(health.isAlive())
  }
  health.begin()
  look(119_999)
  health.bad(new Error('away'))
  look(600_000)
  health.begin()
  look(120_000)
  health.good()
  look()
  expect(seen).toEqual([true, true, true, false, true])
})
