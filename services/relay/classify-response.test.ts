import { expect, it } from '@jest/globals'
import type { CallOutcome } from './call-function.ts'
import { classifyResponse } from './classify-response.ts'

const retry = { attempts: 3, minDelayMs: 10, maxDelayMs: 10 }
const judged = (answer: Partial<CallOutcome>, attempt = 1) =>
  classifyResponse({ durationMs: 1, ...answer }, attempt, { retry })
const own = { revision: 'r1' }

it.each([
  ...[200, 202, 204, 299].map((status) => [status, 'done'] as const),
  ...[404, 408, 409, 425, 429, 500, 502, 503, 504].map((status) => [status, 'waiting'] as const),
  ...[301, 304, 400, 401, 403, 405, 410, 413, 422].map((status) => [status, 'dead'] as const),
])('an answer of %p by the function leaves the delivery %s', (status, state) => {
  expect(judged({ status, ...own }).state).toBe(state)
})

it.each([undefined, 301, 400, 401, 403, 404, 407, 413, 415, 421, 426, 431, 500, 503])(
  'an answer of %p by something in between is tried again',
  (status) => {
    expect(judged(status === undefined ? {} : { status }).state).toBe('waiting')
  },
)

it.each([
  [409, 'order_not_placed', 'dead'],
  [404, 'no_such_order', 'dead'],
  [429, 'too_many', 'waiting'],
  [503, 'sold_out', 'waiting'],
  [409, 'in_progress', 'waiting'],
  [404, 'not_found', 'waiting'],
])('a %i with the code %s leaves it %s', (status, problemCode, state) => {
  expect(judged({ status, problemCode, ...own }).state).toBe(state)
})

it('no attempt is left after the last one', () => {
  expect(judged({ status: 503 }, 2).state).toBe('waiting')
  expect(judged({ status: 503 }, 3)).toEqual({ durationMs: 1, status: 503, state: 'dead' })
})

it('where our signature is refused, no attempt is the last, and the waits grow with the tries', () => {
  const bounds = { attempts: 3, minDelayMs: 10, maxDelayMs: 1_000 }
  const refused = { durationMs: 1, status: 401, refused: true, ...own } as const
  const said = { durationMs: 1, status: 401, ...own }
  expect(classifyResponse(refused, 3, { retry: bounds, allAttempts: 9, random: () => 1 })).toEqual({
    ...{ ...said, state: 'waiting', retryInMs: 1_000, uncounted: true },
  })
})
