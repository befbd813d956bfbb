import { expect, it } from '@jest/globals'
import { reportTurns } from './redis-client.ts'
import { collectLog } from './test-support.ts'

/** Turns by a clock that a test sets. */
function rig(options: { readonly lastedMs?: number; readonly saysFirst?: boolean }) {
  const { log, messages } = collectLog()
  const clock = { ms: 0 }
  const turn = reportTurns(log, { away: 'away', back: 'back' }, { ...options, now: () => clock.ms })
  const at = (ms: number, up: boolean) => {
    clock.ms = ms
    turn(up, new Error('slow'))
    return messages()
  }
  return { at }
}

it('a loss is said when it has lasted, and its end once', () => {
  const { at } = rig({ lastedMs: 2_000 })
  for (const ms of [0, 0, 500, 1_999]) expect(at(ms, false)).toEqual([])
  for (const ms of [2_000, 2_500]) expect(at(ms, false)).toEqual(['away'])
  for (const ms of [3_000, 3_001]) expect(at(ms, true)).toEqual(['away', 'back'])
})

it('misses between answers are no loss, however many', () => {
  const { at } = rig({ lastedMs: 2_000 })
  for (let ms = 0; ms < 10_000; ms += 500) expect(at(ms, ms % 1_000 > 0)).toEqual([])
})

it('what has been said before lasts until it is over', () => {
  const { at } = rig({ lastedMs: 2_000, saysFirst: true })
  expect(at(0, true)).toEqual(['back'])
  expect(at(1, false)).toEqual(['back'])
  expect(at(2_001, false)).toEqual(['back', 'away'])
})

it.each([
  [true, ['back']],
  [false, ['away']],
])('the first is said at once where that is asked for: %s', (up, said) => {
  expect(rig({ lastedMs: 2_000, saysFirst: true }).at(0, up)).toEqual(said)
})

it('without a time to last, every loss is said at once', () => {
  const { at } = rig({})
  expect([at(0, true), at(0, false), at(0, false), at(0, true)].at(-1)).toEqual(['away', 'back'])
})
