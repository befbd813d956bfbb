import { expect, it } from '@jest/globals'
import { classifyHandOver, createBackPressure } from './broker-queue.ts'

const outcome = (status: number | undefined, retryAfterMs?: number) => ({
  ...{ durationMs: 1, retryAfterMs },
  ...(status === undefined ? { error: 'refused' } : { status }),
})
const classify = (status: number | undefined, attempt: number) => {
  const { state, uncounted } = classifyHandOver(outcome(status), attempt, attempt)
  return [state, uncounted ?? false]
}

it.each([200, 202, 204])('%d is done', (status) => expect(classify(status, 1)).toEqual(['done', false]))

it.each([400, 413, 415, 422, 431])('%d is about the event: ten attempts', (status) => {
  expect(classify(status, 1)).toEqual(['waiting', false])
  expect(classify(status, 10)).toEqual(['dead', false])
})

it.each([undefined, 301, 401, 403, 404, 408, 429, 500, 503])('%s is about the broker: tried without end', (status) => {
  for (const attempt of [1, 10, 1_000]) expect(classify(status, attempt)).toEqual(['waiting', true])
})

it('while it takes none, ever less is handed over, and what fails together is one failure', () => {
  let at = 0
  const { record } = createBackPressure({ now: () => at })
  const pauses: number[] = []
  for (let i = 0; i < 9; i++) {
    for (let together = 0; together < 5; together++) record(outcome(503))
    pauses.push(record(outcome(undefined)))
    at += pauses.at(-1) ?? 0
  }
  expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000])
  expect(record(outcome(202))).toBe(0)
  expect(record(outcome(503))).toBe(100)
})

it('it says itself for how long, an hour at most; what is wrong with one event holds up no other', () => {
  const { record } = createBackPressure({ now: () => 0 })
  expect(record(outcome(400, 9_000))).toBe(0)
  expect(record(outcome(429, 7_000))).toBe(7_000)
  expect(record(outcome(503, 9e9))).toBe(3_600_000)
})
