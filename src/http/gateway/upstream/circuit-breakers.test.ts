import { expect, it } from '@jest/globals'
import { type CallVerdict, createCircuitBreakers, type Passage } from './circuit-breakers.ts'

/** Breakers whose clock a test holds, of a function that has run for some time. */
function setUp() {
  const state = { at: 1_000_000 }
  const opened: string[] = []
  const onOpened = (name: string) => void opened.push(name)
  const breakers = createCircuitBreakers({ startTimeoutMs: 10_000, onOpened, now: () => state.at })
  const leave = (passage: Passage, verdict?: CallVerdict, { limitCanShrink = true } = {}) =>
    breakers.leave('f', passage, { verdict, limitCanShrink })
  const call = (verdict?: CallVerdict, options = {}) => leave(breakers.enter('f'), verdict, options)
  const calls = (count: number, verdict?: CallVerdict, options = {}) => {
    for (let i = 0; i < count; i++) call(verdict, options)
  }
  const current = () => breakers.list()[0]
  call('answered')
  return { ...breakers, state, opened, leave, call, calls, current }
}

it('opens where half of 20 calls fail, and not for fewer', () => {
  const { calls, call, current, enter, opened } = setUp()
  calls(9, 'answered')
  calls(9, 'broken')
  expect(current()).toMatchObject({ state: 'closed', calls: 19, faults: 9 })
  call('unavailable')
  expect([current()?.state, enter('f'), opened]).toEqual(['open', { retryAfterMs: 5_000 }, ['f']])
})

it('does not open where fewer than half of them fail', () => {
  const { calls, current } = setUp()
  calls(10, 'answered')
  for (let i = 0; i < 100; i++) {
    calls(1, 'broken')
    calls(1, 'answered')
  }
  expect(current()).toMatchObject({ state: 'closed', faults: 100 })
})

it('forgets what is more than 10 s ago', () => {
  const { calls, current, state } = setUp()
  calls(15, 'broken')
  state.at += 10_000
  calls(15, 'broken')
  expect(current()).toMatchObject({ state: 'closed', calls: 15 })
})

it('sends exactly one probe, and closes where that is answered', () => {
  const { calls, enter, leave, current, state, opened } = setUp()
  calls(30, 'broken')
  state.at += 4_999
  expect(enter('f')).toEqual({ retryAfterMs: 1 })
  state.at += 1
  const passages = Array.from({ length: 100 }, () => enter('f'))
  expect(passages.filter((passage) => passage === 'probe')).toHaveLength(1)
  expect(passages.filter((passage) => typeof passage === 'number')).toEqual([])
  leave('probe', 'answered')
  expect([current()?.state, enter('f'), opened]).toEqual(['closed', expect.any(Number), ['f']])
})

it('stays open twice as long after each failed probe, up to a minute', () => {
  const { calls, enter, leave, state } = setUp()
  calls(30, 'broken')
  const waits = Array.from({ length: 6 }, () => {
    const refused = enter('f') as { retryAfterMs: number }
    state.at += refused.retryAfterMs
    leave(enter('f'), 'unavailable')
    return refused.retryAfterMs
  })
  expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000])
})

it('sends another probe where the caller of the first one hung up', () => {
  const { calls, enter, leave, state } = setUp()
  calls(30, 'broken')
  state.at += 5_000
  leave(enter('f'), undefined)
  expect(enter('f')).toBe('probe')
})

it('counts no caller that hung up, and no declared failure or other answer', () => {
  const { calls, current } = setUp()
  calls(100)
  calls(100, 'answered')
  expect(current()).toMatchObject({ state: 'closed', faults: 0, calls: 101 })
})

it.each<CallVerdict>(['unavailable', 'broken'])(
  'gives a function that was idle the time to start: %s is no fault meanwhile, and is one afterwards',
  (verdict) => {
    const { calls, current, state } = setUp()
    state.at += 30_000
    calls(100, verdict)
    state.at += 9_999
    calls(100, verdict)
    expect(current()).toMatchObject({ state: 'closed', faults: 0 })
    state.at += 1
    calls(20, verdict)
    expect(current()?.state).toBe('open')
  },
)

it('a function that has answered has started', () => {
  const { calls, current, state } = setUp()
  state.at += 30_000
  calls(1, 'answered')
  calls(19, 'broken')
  expect(current()?.state).toBe('open')
})

it('leaves overload to the limit of concurrent requests while that can be lowered', () => {
  const { calls, current } = setUp()
  calls(100, 'overloaded')
  expect(current()).toMatchObject({ state: 'closed', faults: 0 })
  calls(150, 'overloaded', { limitCanShrink: false })
  expect(current()?.state).toBe('open')
})

it('learns nothing from calls that began before it opened or closed', () => {
  const { calls, enter, leave, current, state } = setUp()
  const before = Array.from({ length: 100 }, () => enter('f'))
  calls(30, 'broken')
  state.at += 5_000
  leave(enter('f'), 'answered')
  for (const passage of before) leave(passage, 'broken')
  expect(current()).toMatchObject({ state: 'closed', calls: 0 })
})

it('closes when it is reset', () => {
  const { calls, enter, reset, state, leave, current } = setUp()
  calls(30, 'broken')
  expect([reset('another'), reset('f'), enter('f')]).toEqual([false, true, expect.any(Number)])
  calls(30, 'broken')
  state.at += 5_000
  const probe = enter('f')
  reset('f')
  leave(probe, 'broken')
  expect(current()?.state).toBe('closed')
})

it('has a breaker for each route', () => {
  const { calls, enter } = setUp()
  calls(30, 'broken')
  expect(enter('g')).toEqual(expect.any(Number))
})
