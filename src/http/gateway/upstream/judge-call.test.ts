import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { describeEndpoint, endpoint, Problem } from '../../../contract/index.ts'
import { judgeFailure, judgeResponse } from './judge-call.ts'

const common = { method: 'GET', reply: { status: 200, body: z.object({}) }, access: {} } as const
const route = describeEndpoint(
  endpoint({
    ...common,
    name: 'get-it',
    summary: 'Reads.',
    path: '/v1/it',
    failures: { closed: 503, no_such_it: 404 },
  }),
)
const OWN = { 'ebb-revision': '1' }
const COLD = { ...OWN, 'ebb-cold': 'true' }

it.each([
  [200, OWN, 'answered'],
  [500, OWN, 'answered'],
  // Declared.
  [503, OWN, 'answered'],
  [502, OWN, 'broken'],
  [504, OWN, 'overloaded'],
  [504, COLD, undefined],
  [200, COLD, 'answered'],
  // Something in front of it, which says what a start looks like, too.
  [404, {}, 'unavailable'],
  [429, {}, 'unavailable'],
  [503, {}, 'unavailable'],
  [504, {}, 'unavailable'],
  [502, {}, 'broken'],
  // A caller may cause it: headers that are too large.
  [431, {}, 'answered'],
])('a %i with %j is %s', (status, headers, expected) => {
  expect(judgeResponse(route, status, headers)).toBe(expected)
})

it('503 that no contract declares is overload', () => {
  const { failsWith: _, ...undeclared } = route
  expect(judgeResponse(undeclared, 503, OWN)).toBe('overloaded')
})

it.each([
  [{ cause: new Error('reset'), sent: true }, 'broken'],
  [{ cause: new Error('refused'), sent: false }, 'unavailable'],
  [new Problem('deadline_exceeded', 504, 'Too late.'), 'broken'],
  [new Problem('unavailable', 503, 'No connection.'), 'unavailable'],
  [new Problem('caller_gone', 499, 'Gone.'), undefined],
])('%j without a response is %s', (failure, expected) => {
  expect(judgeFailure(failure)).toBe(expected)
})
