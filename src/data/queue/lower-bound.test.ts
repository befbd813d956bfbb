import { expect, it } from '@jest/globals'
import { createLowerBound } from './lower-bound.ts'

it('looks at everything first, then from where the last look ended, and at everything again after ten seconds', () => {
  let now = 0
  const bound = createLowerBound<number>({ now: () => now })
  expect(bound.next()).toBeUndefined()
  bound.found(1)
  now = 9_999
  expect(bound.next()).toBe(1)
  bound.found(2)
  expect([bound.next(), bound.last()]).toEqual([2, 2])
  now = 10_000
  expect(bound.next()).toBeUndefined()
})

it('spends a fiftieth of the time on full looks, however long one takes', () => {
  let now = 0
  const bound = createLowerBound<number>({ now: () => now })
  bound.next()
  now = 2_000
  bound.found(1)
  now = 101_999
  expect(bound.next()).toBe(1)
  bound.found(1)
  now = 102_000
  expect(bound.next()).toBeUndefined()
})

it('stays at everything while a look has found nothing out', () => {
  const bound = createLowerBound<number>({ now: () => 0 })
  expect([bound.next(), bound.next()]).toEqual([undefined, undefined])
})
