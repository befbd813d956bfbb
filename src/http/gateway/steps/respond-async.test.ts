import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { contractSet, endpoint, Problem } from '../../../contract/index.ts'
import type { Claimed } from '../../../kernel/index.ts'
import { fingerprint } from '../../fingerprint.ts'
import type { Invocations } from '../ports.ts'
import { type TestOptions, testGateway } from '../test-support.ts'

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
async function start(claimed: Claimed | Problem = { is: 'new' }, options: TestOptions = {}) {
  const accepted: Accepted[] = []
  const accept: Invocations['accept'] = async (...given) => {
    accepted.push(given)
    if (claimed instanceof Problem) throw claimed
    return claimed
  }
  const invocations = { accept, find: async () => undefined }
  const gateway = await testGateway({ ...options, ports: { contracts: () => contracts, invocations } })
  const send = (headers: Readonly<Record<string, string>>, path = '/v1/reports?a=1') =>
    fetch(gateway.url + path, { method: 'POST', headers: { 'x-api-key': 'full', ...headers }, body: null })
  const report = (headers: Readonly<Record<string, string>>) =>
    fetch(`${gateway.url}/v1/reports`, {
      ...{ method: 'POST', body: '{ "of":"me" }' },
      headers: { 'x-api-key': 'full', 'content-type': 'application/json', ...headers },
    })
  return { ...gateway, accepted, send, report }
}

it('202 keeps the request as it came, and wakes nothing', async () => {
  const { report, accepted, woken, spared } = await start()
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
    named: ['x-tone'],
    body: Buffer.from('{ "of":"me" }'),
  })
  expect(options.claim).toEqual({ caller: 'ann', route: 'make-report', key: 'k', fingerprint: print })
  expect([woken, spared]).toEqual([[], []])
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
  const { send, woken } = await start()
  expect((await send({ prefer: 'respond-async' }, '/v1/mails')).status).toBe(200)
  expect(woken).toHaveLength(1)
})

it.each<[number, Claimed | Problem, string | undefined]>([
  [409, { is: 'in-flight' }, 'in_progress'],
  [422, { is: 'mismatch' }, 'idempotency_mismatch'],
  [
    202,
    { is: 'finished', answer: { status: 202, headers: { location: '/v1/invocations/1' }, body: Buffer.from('{}') } },
    undefined,
  ],
  [503, new Problem('unavailable', 503, 'Not now.'), 'unavailable'],
])('%d for a key that is taken, or while nothing can be kept', async (status, claimed, error) => {
  const { report, woken } = await start(claimed)
  const answer = await report({ prefer: 'respond-async', 'idempotency-key': 'k' })
  expect([answer.status, ((await answer.json()) as { error?: string }).error]).toEqual([status, error])
  expect(answer.headers.get('idempotency-replayed')).toBe(status === 202 ? 'true' : null)
  expect(woken).toEqual([])
})

it('400 for a malformed key, which a synchronous call may carry as ever', async () => {
  const { report } = await start()
  expect((await report({ prefer: 'respond-async', 'idempotency-key': 'a b' })).status).toBe(400)
  expect((await report({ 'idempotency-key': 'a b' })).status).toBe(200)
})
