import { expect, it } from '@jest/globals'
import type { CallOutcome } from './call-function.ts'
import { classifyInvocationResponse } from './classify-response.ts'

const retry = { attempts: 3, minDelayMs: 10, maxDelayMs: 10 }
const headers = { 'content-type': 'application/problem+json' }
const problem = (status: number, error: string): CallOutcome => ({
  ...{ durationMs: 1, status, revision: 'r1', problemCode: error },
  response: { status, headers, body: Buffer.from(JSON.stringify({ status, error })) },
})
const text = (status: number): CallOutcome => ({
  ...{ durationMs: 1, status },
  response: { status, headers: {}, body: Buffer.from('no') },
})

type Case = [what: string, answer: CallOutcome, state: string]

it.each<Case>([
  ['201', text(201), 'done'],
  ['409 in_progress', problem(409, 'in_progress'), 'waiting'],
  ['503 unavailable', problem(503, 'unavailable'), 'waiting'],
  ['500 internal', problem(500, 'internal'), 'waiting'],
  ['no answer', { durationMs: 1, error: 'other side closed' }, 'waiting'],
  ...[404, 408, 425, 429, 502, 503, 504].map((status): Case => [`a plain ${status}`, text(status), 'waiting']),
  ...[409, 404].map((s): Case => [`${s} of the contract`, problem(s, 'out_of_stock'), 'dead']),
  ...[503, 429].map((s): Case => [`${s} of the contract, which may pass`, problem(s, 'closed'), 'waiting']),
  ['404 of the function itself', problem(404, 'not_found'), 'dead'],
  ['400', problem(400, 'invalid_request'), 'dead'],
  ['403', problem(403, 'forbidden'), 'dead'],
  ['401 to our signature', { ...problem(401, 'unauthenticated'), refused: true }, 'waiting'],
  ...[400, 401, 403, 413, 431].map((status): Case => [`a plain ${status}`, text(status), 'waiting']),
  ['422', problem(422, 'idempotency_mismatch'), 'dead'],
])('%s leaves it %s', (_what, answer, state) => {
  const settlement = classifyInvocationResponse(answer, 1, { retry })
  expect(settlement.state).toBe(state)
  expect(settlement.response).toEqual(state === 'waiting' ? undefined : answer.response)
})

it('keeps the last answer of one that is given up', () => {
  const answer = problem(500, 'internal')
  expect(classifyInvocationResponse(answer, 3, { retry })).toMatchObject({ state: 'dead', answer: answer.response })
})
