import { expect, it } from '@jest/globals'
import { msOf } from './durations.ts'
import { createMinuteTraces, type MinuteTrace } from './trace-minutes.ts'

function start(at = 120_000) {
  const clock = { at }
  const traces = createMinuteTraces({ now: () => clock.at })
  const begin = (ms: number) => {
    clock.at = ms
    const end = traces.begin('f')
    return (endMs: number, { cold = false } = {}) => {
      clock.at = endMs
      end({ waitMs: endMs - ms, cold })
    }
  }
  return { clock, traces, begin }
}

/** The seconds that are not 0. */
const active = (values: readonly number[] | undefined) =>
  Object.fromEntries(Object.entries(values ?? []).filter(([, value]) => value > 0))
const countOf = (durations: MinuteTrace['warm'] | undefined) =>
  [...(durations?.values() ?? [])].reduce((sum, count) => sum + count, 0)

it('has by second how many calls began, and the most that were in flight, from one minute into the next', () => {
  const { clock, traces, begin } = start()
  const long = begin(121_000)
  begin(123_100)(123_200)
  const other = begin(123_300)
  other(124_100)
  long(182_500)
  clock.at = 240_000
  const [first, second, ...more] = traces.take()
  expect(more).toEqual([])
  expect([first?.minute.toISOString(), second?.minute.toISOString()]).toEqual([
    '1970-01-01T00:02:00.000Z',
    '1970-01-01T00:03:00.000Z',
  ])
  expect(active(first?.trace.began)).toEqual({ 1: 1, 3: 2 })
  expect(first?.trace.peaks.slice(0, 6)).toEqual([0, 1, 1, 2, 2, 1])
  expect(active(second?.trace.peaks)).toEqual({ 0: 1, 1: 1, 2: 1 })
  expect([countOf(first?.trace.warm), countOf(second?.trace.warm)]).toEqual([2, 1])
  expect(traces.take()).toEqual([])
})

it('calls that began while a function started have waited for that', () => {
  const { traces, begin } = start()
  const first = begin(120_000)
  const second = begin(120_100)
  first(120_400, { cold: true })
  second(120_410)
  begin(120_500)(120_504)
  const [taken] = traces.take({ all: true })
  expect([countOf(taken?.trace.cold), countOf(taken?.trace.warm)]).toEqual([2, 1])
  const [[bucket = 0] = []] = [...(taken?.trace.warm ?? [])]
  expect(msOf(bucket)).toBeGreaterThan(3.9)
  expect(msOf(bucket)).toBeLessThan(4.1)
})

it('of many resources it keeps some, and of each of those all requests', () => {
  const { traces } = start()
  const hashes = Array.from({ length: 4_000 }, (_, i) => i * 536_870)
  for (const hash of hashes) traces.asked('f', hash)
  for (const hash of hashes.slice(0, 10)) traces.asked('f', hash)
  const [taken] = traces.take({ all: true })
  const { asked = [], share = 1 } = taken?.trace ?? {}
  expect(asked.length).toBeLessThanOrEqual(2_000)
  expect(share).toBe(0.125)
  const kept = asked.filter((_, i) => i % 2 === 1)
  expect(kept.every((hash) => hash < share * 2 ** 31)).toBe(true)
  expect(kept.filter((hash) => hash < 10 * 536_870)).toHaveLength(20)
})
