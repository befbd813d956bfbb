import { expect, it } from '@jest/globals'
import { followPosition } from './recent-position.ts'

/** A database that gets one further with each millisecond, and a clock of the test's. */
function start() {
  let time = 0
  const asked: number[] = []
  const ask = async () => {
    asked.push(time)
    return BigInt(time)
  }
  const position = followPosition(ask, { maxAgeMs: 1_000, now: () => time })
  /** What is known at that time, and asks for more. */
  const at = async (ms: number) => {
    time = ms
    const known = position.current()
    await new Promise(setImmediate)
    return known
  }
  return { at, asked }
}

it('knows nothing at first, and then a position that is at most as old as allowed', async () => {
  const { at, asked } = start()
  expect(await at(0)).toBeUndefined()
  expect(await at(100)).toBe(0n)
  expect(await at(900)).toBe(0n)
  expect(await at(1_000)).toBe(0n)
  // The one of 900 is the oldest that is recent.
  expect(await at(1_001)).toBe(900n)
  expect(await at(1_899)).toBe(900n)
  expect(await at(5_000)).toBeUndefined()
  expect(await at(5_001)).toBe(5_000n)
  expect(asked).toEqual([0, 900, 1_899, 5_000])
})

it('asks once at a time, and again after a failure', async () => {
  let time = 0
  const answers = [Promise.withResolvers<bigint>(), Promise.withResolvers<bigint>()]
  let asked = 0
  const { current } = followPosition(() => answers[asked++]?.promise ?? Promise.reject(new Error('asked too often')), {
    ...{ maxAgeMs: 1_000, now: () => time },
  })
  expect([current(), current(), asked]).toEqual([undefined, undefined, 1])
  answers[0]?.reject(new Error('the database is away'))
  await new Promise(setImmediate)
  expect([current(), asked]).toEqual([undefined, 2])
  time = 900
  answers[1]?.resolve(7n)
  await new Promise(setImmediate)
  // It was true when it was asked for, and may not be any more by the time of the answer.
  time = 1_001
  expect(current()).toBeUndefined()
})
