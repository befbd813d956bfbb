import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { untilTrue } from '../../../../test/support/until.ts'
import { contractSet, endpoint, Problem } from '../../../contract/index.ts'
import type { ClaimResult } from '../../../kernel/index.ts'
import type { InvocationState } from '../../../protocol/index.ts'
import { fingerprint } from '../../idempotency.ts'
import type { CompletedRequest, Invocations } from '../dependencies.ts'
import { type TestOptions, testGateway } from '../test-support.ts'
import { NO_INVOCATIONS } from '../test-support-invocations.ts'

const parts = { method: 'POST', reply: { status: 204 }, access: {} } as const
const contracts = contractSet(
  {
    'make-report': endpoint({
      ...{ ...parts, name: 'make-report', summary: 'Makes a report.', path: '/v1/reports', async: true },
      ...{ body: z.object({ of: z.string() }), headers: z.object({ 'x-tone': z.string().optional() }) },
    }),
    'send-mail': endpoint({ ...parts, name: 'send-mail', summary: 'Sends.', path: '/v1/mails' }),
  },
  {},
)

type Accepted = Parameters<Invocations['accept']>

/** A gateway that keeps calls in a list. */
async function start(claimed: ClaimResult | Problem = { status: 'new' }, options: TestOptions = {}) {
  const accepted: Accepted[] = []
  const accept: Invocations['accept'] = async (...given) => {
    accepted.push(given)
    if (claimed instanceof Problem) throw claimed
    return claimed
  }
  const invocations = { ...NO_INVOCATIONS, accept }
  const gateway = await testGateway({ ...options, dependencies: { contracts: () => contracts, invocations } })
  const send = (headers: Readonly<Record<string, string>>, path = '/v1/reports?a=1') =>
    fetch(gateway.url + path, { method: 'POST', headers: { 'x-api-key': 'full', ...headers }, body: null })
  const report = (headers: Readonly<Record<string, string>>) =>
    fetch(`${gateway.url}/v1/reports`, {
      ...{ method: 'POST', body: '{ "of":"me" }' },
      headers: { 'x-api-key': 'full', 'content-type': 'application/json', ...headers },
    })
  return { ...gateway, accepted, send, report }
}

it('202 stores the request unchanged, and invokes no function', async () => {
  const { report, accepted, invoked, shortCircuits } = await start()
  const key = { 'idempotency-key': 'k', 'x-tone': 'low', 'x-other': 'no', 'x-correlation-id': 'correlation-1' }
  const answer = await report({ prefer: 'respond-async', ...key })
  const [invocation, options] = accepted[0] as Accepted
  const location = `/v1/invocations/${invocation.id}`
  expect([answer.status, await answer.json()]).toEqual([202, { id: invocation.id, state: 'waiting', location }])
  expect(Object.fromEntries(answer.headers)).toMatchObject({ location, 'preference-applied': 'respond-async' })
  expect(invocation).toEqual({
    ...{ id: expect.any(String), function: 'make-report', method: 'POST', target: '/v1/reports' },
    caller: { sub: 'ann', scopes: ['things:write', 'things:more'] },
    headers: { 'content-type': 'application/json', 'x-tone': 'low' },
    ...{ body: Buffer.from('{ "of":"me" }'), correlationId: 'correlation-1', traceparent: expect.any(String) },
  })
  const print = fingerprint({
    method: 'POST',
    target: '/v1/reports',
    headers: { 'x-tone': ['low'] },
    contractHeaders: ['x-tone'],
    body: Buffer.from('{ "of":"me" }'),
  })
  expect(options.claim).toEqual({ caller: 'ann', route: 'make-report', key: 'k', fingerprint: print })
  expect([invoked, shortCircuits]).toEqual([[], []])
})

it('says that the call comes later, of a 202 that is no repetition of one', async () => {
  const deferredOf = async (claimed: ClaimResult, prefer: string) => {
    const { report, answered } = await start(claimed)
    await (await report({ prefer })).arrayBuffer()
    await untilTrue(() => answered.length === 1, { what: 'it is recorded' })
    return (answered[0] as CompletedRequest | undefined)?.deferred
  }
  const response = { status: 202, headers: {}, body: Buffer.from('{}') }
  expect([
    await deferredOf({ status: 'new' }, 'respond-async'),
    await deferredOf({ status: 'finished', response }, 'respond-async'),
    await deferredOf({ status: 'new' }, 'return=minimal'),
  ]).toEqual([true, false, false])
})

it.each([
  ['RESPOND-ASYNC', 202],
  ['wait=10, respond-async', 202],
  ['respond-async; why="later"', 202],
  ['return=minimal', 200],
  ['x="a, respond-async"', 200],
  ['respond-asynchronously', 200],
])('Prefer: %s is %d', async (prefer, status) => {
  const { report } = await start()
  expect((await report({ prefer })).status).toBe(status)
})

it('200 where the contract does not offer it', async () => {
  const { send, invoked } = await start()
  expect((await send({ prefer: 'respond-async' }, '/v1/mails')).status).toBe(200)
  expect(invoked).toHaveLength(1)
})

it.each<[number, ClaimResult | Problem, string | undefined]>([
  [409, { status: 'in-flight' }, 'in_progress'],
  [422, { status: 'mismatch' }, 'idempotency_mismatch'],
  [
    202,
    {
      status: 'finished',
      response: { status: 202, headers: { location: '/v1/invocations/1' }, body: Buffer.from('{}') },
    },
    undefined,
  ],
  [503, new Problem('unavailable', 503, 'Not now.'), 'unavailable'],
])('%d for a used key, or while calls cannot be stored', async (status, claimed, error) => {
  const { report, invoked } = await start(claimed)
  const answer = await report({ prefer: 'respond-async', 'idempotency-key': 'k' })
  expect([answer.status, ((await answer.json()) as { error?: string }).error]).toEqual([status, error])
  expect(answer.headers.get('idempotency-replayed')).toBe(status === 202 ? 'true' : null)
  expect(invoked).toEqual([])
})

it('400 for a malformed key, which a synchronous call may have', async () => {
  const { report } = await start()
  expect((await report({ prefer: 'respond-async', 'idempotency-key': 'a b' })).status).toBe(400)
  expect((await report({ 'idempotency-key': 'a b' })).status).toBe(200)
})

const ID = '3f2b8c1e-0000-4000-8000-000000000001'
const times = { createdAt: '2026-11-30T09:00:00.000Z', availableAt: '2026-11-30T09:00:05.000Z' }
const known: InvocationState = {
  ...{ id: ID, function: 'make-report', attempts: 1, ...times, settledAt: null, dueInMs: -1 },
  ...{ state: 'waiting', correlationId: 'correlation-1', response: undefined, callback: undefined },
}
const settled = { settledAt: '2026-11-30T09:00:09.000Z' }
const json = { 'content-type': 'application/json' }

async function look(state: Partial<InvocationState>, options: RequestInit = {}) {
  const find = async (id: string, { sub }: { sub: string }) =>
    id === ID && sub === 'ann' ? { ...known, ...state } : undefined
  const gateway = await testGateway({
    dependencies: {
      invocations: { ...NO_INVOCATIONS, find },
      corsOrigins: ['https://app.example'],
    },
  })
  const answer = await fetch(`${gateway.url}/v1/invocations/${ID}`, { headers: { 'x-api-key': 'full' }, ...options })
  return { ...gateway, answer }
}

it.each<[number, Partial<InvocationState>, object, string | null]>([
  [200, { dueInMs: 4_001 }, { state: 'waiting', nextAttemptAt: times.availableAt }, '5'],
  [200, { state: 'leased' }, { state: 'running' }, '1'],
  [
    200,
    { state: 'done', ...settled, response: { status: 201, headers: json, body: Buffer.from('{"a":1}') } },
    { state: 'done', ...settled, result: { status: 201, headers: json, body: { a: 1 } } },
    null,
  ],
  [
    200,
    { state: 'done', ...settled, response: { status: 204, headers: {}, body: Buffer.alloc(0) } },
    { state: 'done', ...settled, result: { status: 204, headers: {} } },
    null,
  ],
  [
    200,
    { state: 'done', ...settled, response: { status: 201, headers: json, body: undefined } },
    { state: 'done', ...settled, result: { status: 201, headers: json, bodyLeftOut: true } },
    null,
  ],
  [
    200,
    {
      state: 'dead',
      ...settled,
      response: { status: 409, headers: {}, body: Buffer.from('{"error":"out_of_stock"}') },
    },
    { state: 'failed', ...settled, problem: { error: 'out_of_stock' } },
    null,
  ],
  [
    200,
    { state: 'dead', ...settled, response: { status: 503, headers: {}, body: Buffer.from('no healthy upstream') } },
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
])('%d %j', async (status, state, expected, retryAfter) => {
  const { answer, invoked, shortCircuits, lines } = await look(state)
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, retryAfter])
  expect(await answer.json()).toEqual({
    ...{ id: ID, function: 'make-report', attempts: 1, createdAt: times.createdAt },
    ...expected,
  })
  expect(answer.headers.get('cache-control')).toBe('private, no-store')
  expect([invoked, shortCircuits]).toEqual([[], []])
  expect(lines.at(-1)).toMatchObject({ msg: 'request', route: '/v1/invocations/{id}', function: undefined })
})

it.each([
  [401, {}],
  [404, { 'x-api-key': 'half' }],
])('%d %j', async (status, headers) => {
  const { answer, invoked } = await look({}, { headers })
  expect([answer.status, invoked]).toEqual([status, []])
})

it('405, and the preflight of a page, as for any path', async () => {
  const { answer } = await look({}, { method: 'PUT' })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD'])
  const origin = { origin: 'https://app.example', 'access-control-request-method': 'GET' }
  const { answer: allowed } = await look({}, { method: 'OPTIONS', headers: origin })
  expect([allowed.status, allowed.headers.get('access-control-allow-methods')]).toEqual([204, 'DELETE, GET, HEAD'])
})
