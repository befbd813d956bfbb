import { expect, it } from '@jest/globals'
import type { Claim, Claimed } from '../../../kernel/index.ts'
import { fingerprint } from '../../fingerprint.ts'
import { testGateway } from '../test-support.ts'

const body = '{ "name":"a" }'
const create = {
  ...{ method: 'POST', body },
  headers: { 'content-type': 'application/json', 'x-api-key': 'full', 'idempotency-key': 'k' },
}
const finished: Claimed = {
  is: 'finished',
  answer: {
    status: 201,
    headers: { 'content-type': 'application/json', location: '/v1/things/1' },
    body: Buffer.from('{"id": 1,\n"é":2}'),
  },
}

it('201 a finished key is answered as before, byte for byte, and wakes nothing', async () => {
  const claims: Claim[] = []
  const findAnswer = async (claim: Claim) => {
    claims.push(claim)
    return finished
  }
  const { url, woken, spared } = await testGateway({ ports: { findAnswer } })
  const answer = await fetch(`${url}/v1/things`, create)
  expect([answer.status, await answer.text()]).toEqual([201, '{"id": 1,\n"é":2}'])
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    ...{ 'idempotency-replayed': 'true', location: '/v1/things/1', 'content-type': 'application/json' },
    'x-correlation-id': expect.any(String),
  })
  expect([woken, spared]).toEqual([[], ['replayed']])
  const print = fingerprint({ method: 'POST', target: '/v1/things', headers: {}, named: [], body: Buffer.from(body) })
  expect(claims).toEqual([{ caller: 'ann', route: 'create-thing', key: 'k', fingerprint: print }])
})

it('422 a key that was used for another request', async () => {
  const { url, woken, spared } = await testGateway({ ports: { findAnswer: async () => ({ is: 'mismatch' }) } })
  const answer = await fetch(`${url}/v1/things`, create)
  expect([answer.status, await answer.json()]).toEqual([
    422,
    expect.objectContaining({ error: 'idempotency_mismatch' }),
  ])
  expect([woken, spared]).toEqual([[], ['idempotency_mismatch']])
})

it('200 many looks that fail at a time are one log line', async () => {
  const findAnswer = () => Promise.reject(new Error('the database is away'))
  const { url, lines } = await testGateway({ ports: { findAnswer } })
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/v1/things`, create)))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(lines.filter(({ msg }) => msg !== 'request').length).toBeLessThan(3)
})

it('200 a look that fails leaves it to the function', async () => {
  const findAnswer = async () => {
    throw new Error('the database is away')
  }
  const { url, woken, spared } = await testGateway({ ports: { findAnswer } })
  expect((await fetch(`${url}/v1/things`, create)).status).toBe(200)
  expect([woken, spared]).toEqual([['POST /v1/things'], []])
})

it('200 what is not idempotent is not looked up', async () => {
  const { url, woken } = await testGateway({ ports: { findAnswer: async () => finished } })
  expect((await fetch(`${url}/v1/things/1`, { headers: { 'idempotency-key': 'k' } })).status).toBe(200)
  expect(woken).toHaveLength(1)
})
