import { expect, it } from '@jest/globals'
import type { InvocationState } from '../../../kernel/index.ts'
import { testGateway } from '../test-support.ts'

const ID = '3f2b8c1e-0000-4000-8000-000000000001'
const times = { createdAt: '2026-11-30T09:00:00.000Z', availableAt: '2026-11-30T09:00:05.000Z' }
const known: InvocationState = {
  ...{ id: ID, function: 'make-report', attempts: 1, ...times, settledAt: null, dueInMs: -1 },
  ...{ state: 'waiting', correlationId: 'correlation-1', answer: undefined },
}
const settled = { settledAt: '2026-11-30T09:00:09.000Z' }
const json = { 'content-type': 'application/json' }

async function look(state: Partial<InvocationState>, options: RequestInit = {}) {
  const find = async (id: string, { sub }: { sub: string }) =>
    id === ID && sub === 'ann' ? { ...known, ...state } : undefined
  const gateway = await testGateway({
    ports: { invocations: { accept: async () => ({ is: 'new' }), find }, corsOrigins: ['https://app.example'] },
  })
  const answer = await fetch(`${gateway.url}/v1/invocations/${ID}`, { headers: { 'x-api-key': 'full' }, ...options })
  return { ...gateway, answer }
}

it.each<[number, Partial<InvocationState>, object, string | null]>([
  [200, { dueInMs: 4_001 }, { state: 'waiting', nextAttemptAt: times.availableAt }, '5'],
  [200, { state: 'leased' }, { state: 'running' }, '1'],
  [
    200,
    { state: 'done', ...settled, answer: { status: 201, headers: json, body: Buffer.from('{"a":1}') } },
    { state: 'done', ...settled, result: { status: 201, headers: json, body: { a: 1 } } },
    null,
  ],
  [
    200,
    { state: 'done', ...settled, answer: { status: 204, headers: {}, body: Buffer.alloc(0) } },
    { state: 'done', ...settled, result: { status: 204, headers: {} } },
    null,
  ],
  [
    200,
    { state: 'done', ...settled, answer: { status: 201, headers: json, body: undefined } },
    { state: 'done', ...settled, result: { status: 201, headers: json, bodyLeftOut: true } },
    null,
  ],
  [
    200,
    { state: 'dead', ...settled, answer: { status: 409, headers: {}, body: Buffer.from('{"error":"out_of_stock"}') } },
    { state: 'failed', ...settled, problem: { error: 'out_of_stock' } },
    null,
  ],
  [
    200,
    { state: 'dead', ...settled, answer: { status: 503, headers: {}, body: Buffer.from('no healthy upstream') } },
    { state: 'failed', ...settled, problem: expect.objectContaining({ status: 502, error: 'bad_gateway' }) },
    null,
  ],
  [
    200,
    { state: 'dead', ...settled },
    {
      ...{ state: 'failed', ...settled },
      problem: expect.objectContaining({ error: 'outcome_unknown', correlationId: 'correlation-1' }),
    },
    null,
  ],
])('%d %j is told', async (status, state, told, retryAfter) => {
  const { answer, woken, spared, lines } = await look(state)
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, retryAfter])
  expect(await answer.json()).toEqual({
    ...{ id: ID, function: 'make-report', attempts: 1, createdAt: times.createdAt },
    ...told,
  })
  expect(answer.headers.get('cache-control')).toBe('private, no-store')
  expect([woken, spared]).toEqual([[], []])
  expect(lines.at(-1)).toMatchObject({ msg: 'request', route: '/v1/invocations/{id}', function: undefined })
})

it.each([
  [401, {}],
  [404, { 'x-api-key': 'half' }],
])('%d %j', async (status, headers) => {
  const { answer, woken } = await look({}, { headers })
  expect([answer.status, woken]).toEqual([status, []])
})

it('405 and the preflight of a page, as for any path', async () => {
  const { answer } = await look({}, { method: 'DELETE' })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  const origin = { origin: 'https://app.example', 'access-control-request-method': 'GET' }
  const { answer: allowed } = await look({}, { method: 'OPTIONS', headers: origin })
  expect([allowed.status, allowed.headers.get('access-control-allow-methods')]).toEqual([204, 'GET, HEAD'])
})
