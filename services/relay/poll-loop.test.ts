import { expect, it } from '@jest/globals'
import { createHealth } from './poll-loop.ts'
import { memoryLog } from './test-support.ts'

it('is good from the first successful poll on, and not while a poll fails or hangs', () => {
  let nowMs = 0
  const health = createHealth(memoryLog(), { now: () => nowMs })
  const seen = [health.isGood()]
  const check = () => seen.push(health.isGood())
  health.begin()
  check()
  health.succeed()
  check()
  health.begin()
  nowMs = 14_999
  check()
  nowMs = 15_000
  check()
  health.succeed()
  check()
  health.fail(new Error('unavailable'))
  check()
  health.begin()
  check()
  health.succeed()
  check()
  expect(seen).toEqual([false, false, true, true, false, true, false, false, true])
})

it('is alive while polls end, successful or not, and not where one never does', () => {
  let nowMs = 0
  const health = createHealth(memoryLog(), { now: () => nowMs })
  const seen = [health.isAlive()]
  const check = (afterMs = 0) => {
    nowMs += afterMs
    seen.push(health.isAlive())
  }
  health.begin()
  check(119_999)
  health.fail(new Error('unavailable'))
  check(600_000)
  health.begin()
  check(120_000)
  health.succeed()
  check()
  expect(seen).toEqual([true, true, true, false, true])
})
