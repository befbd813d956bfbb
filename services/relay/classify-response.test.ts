import { describe, expect, it } from '@jest/globals'
import type { CallOutcome } from './call-function.ts'
import { classifyInvocationResponse, classifyResponse } from './classify-response.ts'

const retry = { attempts: 3, minDelayMs: 10, maxDelayMs: 10 }

describe('a delivery', () => {
  const classify = (outcome: Partial<CallOutcome>, attempt = 1) =>
    classifyResponse({ durationMs: 1, ...outcome }, attempt, { retry })
  const own = { revision: 'r1' }

  it.each([
    ...[200, 202, 204, 299].map((status) => [status, 'done'] as const),
    ...[404, 408, 409, 425, 429, 500, 502, 503, 504].map((status) => [status, 'waiting'] as const),
    ...[301, 304, 400, 401, 403, 405, 410, 413, 422].map((status) => [status, 'dead'] as const),
  ])('a response of %p by the function leaves the delivery %s', (status, state) => {
    expect(classify({ status, ...own }).state).toBe(state)
  })

  it.each([undefined, 301, 400, 401, 403, 404, 407, 413, 415, 421, 426, 431, 500, 503])(
    'a response of %p by something in between is tried again',
    (status) => {
      expect(classify(status === undefined ? {} : { status }).state).toBe('waiting')
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
    expect(classify({ status, problemCode, ...own }).state).toBe(state)
  })

  it('no attempt is left after the last one', () => {
    expect(classify({ status: 503 }, 2).state).toBe('waiting')
    expect(classify({ status: 503 }, 3)).toEqual({ durationMs: 1, status: 503, state: 'dead' })
  })

  it('where our signature is refused, no attempt is the last, and the waits grow with all attempts', () => {
    const bounds = { attempts: 3, minDelayMs: 10, maxDelayMs: 1_000 }
    const refused = { durationMs: 1, status: 401, signatureRefused: true, ...own } as const
    const refusal = { durationMs: 1, status: 401, ...own }
    expect(classifyResponse(refused, 3, { retry: bounds, allAttempts: 9, random: () => 1 })).toEqual({
      ...{ ...refusal, state: 'waiting', retryInMs: 1_000, uncounted: true },
    })
  })

  it('what the relay itself has not sent waits no longer after many attempts: only for room', () => {
    const bounds = { attempts: 3, minDelayMs: 10, maxDelayMs: 1_000 }
    const notSent = { durationMs: 1, error: 'busy', notSent: true }
    expect(classifyResponse(notSent, 3, { retry: bounds, allAttempts: 9, random: () => 1 })).toEqual({
      ...{ durationMs: 1, error: 'busy', state: 'waiting', retryInMs: 20, uncounted: true },
    })
  })

  it.each([
    [1, 0, 100],
    [1, 1, 200],
    [2, 1, 400],
    [3, 0, 100],
    [9, 1, 1_000],
  ])('after attempt %i waits at least minDelayMs, and jitter on top (%d: %i ms)', (attempt, drawn, retryInMs) => {
    const spread = { attempts: 10, minDelayMs: 100, maxDelayMs: 1_000 }
    expect(classifyResponse({ durationMs: 1, status: 503 }, attempt, { retry: spread, random: () => drawn })).toEqual({
      ...{ durationMs: 1, status: 503, state: 'waiting', retryInMs },
    })
  })

  it.each([
    [5_000, 5_000],
    [10 * 3_600_000, 3_600_000],
    [Number.POSITIVE_INFINITY, 3_600_000],
  ])('waits as long as Retry-After says, an hour at most (%d ms: %i)', (retryAfterMs, retryInMs) => {
    expect(classifyResponse({ durationMs: 1, status: 503, retryAfterMs }, 1, { retry })).toMatchObject({ retryInMs })
  })
})

describe('an invocation', () => {
  const headers = { 'content-type': 'application/problem+json' }
  const problem = (status: number, error: string): CallOutcome => ({
    ...{ durationMs: 1, status, revision: 'r1', problemCode: error },
    response: { status, headers, body: Buffer.from(JSON.stringify({ status, error })) },
  })
  const text = (status: number): CallOutcome => ({
    ...{ durationMs: 1, status },
    response: { status, headers: {}, body: Buffer.from('no') },
  })

  type Case = [what: string, outcome: CallOutcome, state: string]

  it.each<Case>([
    ['201', text(201), 'done'],
    ['409 in_progress', problem(409, 'in_progress'), 'waiting'],
    ['503 unavailable', problem(503, 'unavailable'), 'waiting'],
    ['500 internal', problem(500, 'internal'), 'waiting'],
    ['no response', { durationMs: 1, error: 'other side closed' }, 'waiting'],
    ...[404, 408, 425, 429, 502, 503, 504].map((status): Case => [`a plain ${status}`, text(status), 'waiting']),
    ...[409, 404].map((s): Case => [`${s} of the contract`, problem(s, 'out_of_stock'), 'dead']),
    ...[503, 429].map((s): Case => [`${s} of the contract, which may pass`, problem(s, 'closed'), 'waiting']),
    ['404 of the function itself', problem(404, 'not_found'), 'dead'],
    ['400', problem(400, 'invalid_request'), 'dead'],
    ['403', problem(403, 'forbidden'), 'dead'],
    ['401 to our signature', { ...problem(401, 'unauthenticated'), signatureRefused: true }, 'waiting'],
    ...[400, 401, 403, 413, 431].map((status): Case => [`a plain ${status}`, text(status), 'waiting']),
    ['422', problem(422, 'idempotency_mismatch'), 'dead'],
  ])('%s leaves it %s', (_what, outcome, state) => {
    const settlement = classifyInvocationResponse(outcome, 1, { retry })
    expect(settlement.state).toBe(state)
    expect(settlement.response).toEqual(state === 'waiting' ? undefined : outcome.response)
  })

  it('stores the last response of one that is given up', () => {
    const outcome = problem(500, 'internal')
    expect(classifyInvocationResponse(outcome, 3, { retry })).toMatchObject({
      state: 'dead',
      response: outcome.response,
    })
  })
})
