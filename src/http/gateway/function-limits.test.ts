import { expect, it } from '@jest/globals'
import { createFunctionLimits, type Slot } from './function-limits.ts'

/** 600 at a time by its contract: 10 instances, 50 in each and 10 that wait. */
const ROUTE = { name: 'f', scale: { max: 10, concurrency: 50 }, timeoutMs: 1_000 }
const OVERLOADED = { overloaded: true, durationMs: 1, cold: false }
const GOOD = { overloaded: false, durationMs: 1, cold: false }

/** Limits whose clock a test holds. */
function setUp() {
  const state = { at: 1 }
  const { acquire } = createFunctionLimits({ now: () => state.at })
  /** Takes all the places that there are. */
  const fill = () => {
    const places: Slot[] = []
    for (let place = acquire(ROUTE); place; place = acquire(ROUTE)) places.push(place)
    return places
  }
  const limit = () => {
    const places = fill()
    for (const { release } of places) release()
    return places.length
  }
  const one = (answered: Parameters<Slot['release']>[0], durationMs = 0) => {
    const place = acquire(ROUTE)
    state.at += 1 + durationMs
    place?.release(answered)
  }
  return { state, enter: acquire, fill, limit, one }
}

it('admits what all instances accept and some that wait, and no more', () => {
  const { fill, enter } = setUp()
  const places = fill()
  expect(places).toHaveLength(600)
  expect(enter(ROUTE)).toBeUndefined()
  expect(enter({ ...ROUTE, name: 'another' })).toBeDefined()
  places[0]?.release(GOOD)
  expect(enter(ROUTE)).toBeDefined()
})

it.each([
  ['a sign of overload', OVERLOADED],
  ['an answer after half of its time', { ...GOOD, durationMs: 501 }],
])('admits fewer after %s, and as many as before once the function recovers', (_name, answered) => {
  const { limit, one } = setUp()
  one(answered)
  expect(limit()).toBe(480)
  one(answered)
  expect(limit()).toBe(384)
  for (let i = 0; i < 150_000; i++) one(GOOD)
  expect(limit()).toBe(600)
})

it('never admits fewer than one instance accepts', () => {
  const { limit, one } = setUp()
  for (let i = 0; i < 100; i++) one(OVERLOADED)
  expect(limit()).toBe(50)
})

it('admits twice as many after each 10 s without a sign of overload', () => {
  const { limit, one, state } = setUp()
  for (let i = 0; i < 100; i++) one(OVERLOADED)
  const limits = [0, 9_000, 1_000, 10_000, 10_000, 10_000].map((ms) => {
    state.at += ms
    return limit()
  })
  expect(limits).toEqual([50, 50, 100, 200, 400, 600])
})

it('counts many refusals at one moment once', () => {
  const { fill, limit, state } = setUp()
  const places = fill()
  state.at += 1
  for (const { release } of places) release(OVERLOADED)
  expect(limit()).toBe(480)
})

it('neither a cold start, for any request that waited for it, nor a caller that hung up counts as overload', () => {
  const { enter, limit, state } = setUp()
  const [first, second, third] = [enter(ROUTE), enter(ROUTE), enter(ROUTE)]
  state.at += 900
  first?.release({ overloaded: false, durationMs: 900, cold: true })
  second?.release({ overloaded: false, durationMs: 900, cold: false })
  third?.release()
  expect(limit()).toBe(600)
})
