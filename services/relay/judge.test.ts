import { expect, it } from '@jest/globals'
import { judge } from './judge.ts'

const retry = { attempts: 3, minDelayMs: 10, maxDelayMs: 10 }

it.each([
  ...[200, 202, 204, 299].map((status) => [status, 'done'] as const),
  ...[undefined, 404, 408, 409, 425, 429, 500, 502, 503, 504].map((status) => [status, 'waiting'] as const),
  ...[301, 304, 400, 401, 403, 405, 410, 413, 422].map((status) => [status, 'dead'] as const),
])('an answer of %p leaves the delivery %s', (status, state) => {
  expect(judge({ durationMs: 1, ...(status ? { status } : {}) }, 1, { retry }).state).toBe(state)
})

it('no attempt is left after the last one', () => {
  expect(judge({ durationMs: 1, status: 503 }, 2, { retry }).state).toBe('waiting')
  expect(judge({ durationMs: 1, status: 503 }, 3, { retry })).toEqual({ durationMs: 1, status: 503, state: 'dead' })
})
