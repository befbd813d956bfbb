import { expect, it } from '@jest/globals'
import type { Claim, ClaimResult } from '../../../kernel/index.ts'
import { fingerprint } from '../../idempotency.ts'
import { testGateway } from '../test-support.ts'

const body = '{ "name":"a" }'
const create = {
  ...{ method: 'POST', body },
  headers: { 'content-type': 'application/json', 'x-api-key': 'full', 'idempotency-key': 'k' },
}
const finished: ClaimResult = {
  status: 'finished',
  response: {
    status: 201,
    headers: { 'content-type': 'application/json', location: '/v1/things/1' },
    body: Buffer.from('{"id": 1,\n"é":2}'),
  },
}

it('201 a finished key is answered as before, byte for byte, and invokes no function', async () => {
  const claims: Claim[] = []
  const findStoredResponse = async (claim: Claim) => {
    claims.push(claim)
    return finished
  }
  const { url, invoked, shortCircuits } = await testGateway({ dependencies: { findStoredResponse } })
  const answer = await fetch(`${url}/v1/things`, create)
  expect([answer.status, await answer.text()]).toEqual([201, '{"id": 1,\n"é":2}'])
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    ...{ 'idempotency-replayed': 'true', location: '/v1/things/1', 'content-type': 'application/json' },
    'x-correlation-id': expect.any(String),
  })
  expect([invoked, shortCircuits]).toEqual([[], ['replayed']])
  const print = fingerprint({
    method: 'POST',
    target: '/v1/things',
    headers: {},
    contractHeaders: [],
    body: Buffer.from(body),
  })
  expect(claims).toEqual([{ caller: 'ann', route: 'create-thing', key: 'k', fingerprint: print }])
})

it('422 a key that was used for another request', async () => {
  const { url, invoked, shortCircuits } = await testGateway({
    dependencies: { findStoredResponse: async () => ({ status: 'mismatch' }) },
  })
  const answer = await fetch(`${url}/v1/things`, create)
  expect([answer.status, await answer.json()]).toEqual([
    422,
    expect.objectContaining({ error: 'idempotency_mismatch' }),
  ])
  expect([invoked, shortCircuits]).toEqual([[], ['idempotency_mismatch']])
})

it('200 many failed look-ups at a time are one log line', async () => {
  const findStoredResponse = () => Promise.reject(new Error('the database is away'))
  const { url, lines } = await testGateway({ dependencies: { findStoredResponse } })
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/v1/things`, create)))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(lines.filter(({ msg }) => msg !== 'request').length).toBeLessThan(3)
})

it('200 a failed look-up leaves it to the function', async () => {
  const findStoredResponse = async () => {
    throw new Error('the database is away')
  }
  const { url, invoked, shortCircuits } = await testGateway({ dependencies: { findStoredResponse } })
  expect((await fetch(`${url}/v1/things`, create)).status).toBe(200)
  expect([invoked, shortCircuits]).toEqual([['POST /v1/things'], []])
})

it('200 an endpoint that is not idempotent is not looked up', async () => {
  const { url, invoked } = await testGateway({ dependencies: { findStoredResponse: async () => finished } })
  expect((await fetch(`${url}/v1/things/1`, { headers: { 'idempotency-key': 'k' } })).status).toBe(200)
  expect(invoked).toHaveLength(1)
})
