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

const countOf = (durations: MinuteTrace['warm'] | undefined) =>
  [...(durations?.values() ?? [])].reduce((sum, count) => sum + count, 0)
const msIn = (durations: MinuteTrace['warm'] | undefined) =>
  [...(durations?.keys() ?? [])].map((bucket) => Math.round(msOf(bucket)))

it('has when calls began, and how long they took, by minute', () => {
  const { clock, traces, begin } = start()
  const long = begin(121_000)
  begin(123_100)(123_200)
  begin(123_100)(123_300)
  long(182_500)
  clock.at = 244_000
  // A minute is over some seconds later: what it had to wait for is known by then.
  expect(traces.take().map(({ minute }) => minute.toISOString())).toEqual(['1970-01-01T00:02:00.000Z'])
  clock.at = 245_000
  const [second, ...more] = traces.take()
  expect(more).toEqual([])
  expect(countOf(second?.trace.warm)).toBe(1)
})

it('tells calls that waited for a start from those that did not, in whatever order they are answered', () => {
  const { traces, begin } = start()
  const first = begin(120_000)
  const second = begin(120_100)
  const third = begin(120_200)
  // The first response of an instance takes longer than those after it.
  second(121_000)
  first(121_100, { cold: true })
  third(121_150)
  // As long as those are not answered that have waited, the instance has more to do than later.
  begin(121_140)(121_400)
  begin(121_200)(121_240)
  const [taken] = traces.take({ all: true })
  expect(taken?.trace.began.pairs()).toEqual([0, 1, 100, 1, 200, 1, 1_140, 1, 1_200, 1])
  expect(countOf(taken?.trace.waited)).toBe(4)
  expect(msIn(taken?.trace.warm)).toEqual([40])
  expect(msIn(taken?.trace.starts).every((ms) => ms > 1_085 && ms < 1_115)).toBe(true)
})

it('a start began with the first call that found nothing, whichever of those that wait the instance answers first', () => {
  const { traces, begin } = start()
  const first = begin(120_000)
  const second = begin(120_600)
  second(121_000, { cold: true })
  first(121_010)
  const [taken] = traces.take({ all: true })
  expect(countOf(taken?.trace.starts)).toBe(1)
  expect(msIn(taken?.trace.starts).every((ms) => ms > 985 && ms < 1_015)).toBe(true)
})

it('a start beside running instances is nobody’s time to start, since calls before it may have waited longer', () => {
  const { traces, begin } = start()
  const running = begin(120_000)
  begin(120_050)(120_070)
  begin(120_100)(121_000, { cold: true })
  running(121_010)
  const [taken] = traces.take({ all: true })
  expect([countOf(taken?.trace.waited), countOf(taken?.trace.starts)]).toEqual([2, 0])
})

it('is exact to the millisecond until there are too many calls, and bounded then', () => {
  const { traces, begin } = start()
  for (let i = 0; i < 5_000; i++) begin(120_000 + i * 7)(120_000 + i * 7 + 1)
  const [taken] = traces.take({ all: true })
  const pairs = taken?.trace.began.pairs() ?? []
  expect(pairs.length).toBeLessThanOrEqual(2_000)
  expect(taken?.trace.began.total()).toBe(5_000)
  expect(pairs.at(-2)).toBeGreaterThan(34_900)
  expect(countOf(taken?.trace.warm)).toBe(5_000)
})

it('of many resources it keeps some, and of each of those all requests', () => {
  const { traces } = start()
  const hashes = Array.from({ length: 4_000 }, (_, i) => i * 536_870)
  for (const hash of hashes) traces.asked('f', hash, 0)
  for (const hash of hashes.slice(0, 10)) traces.asked('f', hash, 0)
  const [taken] = traces.take({ all: true })
  const { asked = [], share = 1 } = taken?.trace ?? {}
  expect(asked.length).toBeLessThanOrEqual(2_000)
  expect(share).toBe(0.125)
  const kept = asked.filter((_, i) => i % 2 === 1)
  expect(kept.every((hash) => hash < share * 2 ** 31)).toBe(true)
  expect(kept.filter((hash) => hash < 10 * 536_870)).toHaveLength(20)
})
