import type { ServerResponse } from 'node:http'
import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { contractSet, endpoint } from '../../../contract/index.ts'
import { type TestOptions, testGateway } from '../test-support.ts'

const THING = '/v1/things/1'
const PROBLEM = { 'content-type': 'application/problem+json', 'ebb-revision': '7' }
const REFUSED =
  'a function refuses our Ebb-Identity: compare the clocks, and EBB_IDENTITY_KEY here with EBB_IDENTITY_JWKS there'

const refuse = (response: ServerResponse) =>
  response
    .writeHead(401, { ...PROBLEM, 'www-authenticate': 'Ebb-Identity error="ERR_JWT_EXPIRED"' })
    .end('{"status":401,"error":"unauthenticated"}')

/** A gateway whose signatures say whether they were made anew, before a function that believes as a test wants. */
async function setUp(accepts: (identity: string) => boolean, dependencies: TestOptions['dependencies'] = {}) {
  const identities: string[] = []
  const gateway = await testGateway({
    upstream: (request, response) => {
      const identity = String(request.headers['ebb-identity'])
      identities.push(identity)
      if (!accepts(identity)) return refuse(response)
      request.resume().on('end', () => response.writeHead(200, { 'ebb-revision': '7' }).end('{}'))
    },
    dependencies: {
      sign: async ({ sub }, _name, { fresh = false } = {}) => `${sub}${fresh ? ' anew' : ''}`,
      ...dependencies,
    },
  })
  return { ...gateway, identities }
}

it('200 where the function accepts a new signature, even for a POST without a key', async () => {
  const { url, identities, lines } = await setUp((identity) => identity.endsWith('anew'))
  expect((await fetch(`${url}/v1/mails`, { method: 'POST' })).status).toBe(200)
  expect(identities).toEqual(['anonymous', 'anonymous anew'])
  expect(lines).toContainEqual(expect.objectContaining({ msg: REFUSED, function: 'send-mail' }))
})

it('502, and never a 401, where it refuses that, too; logged once, with both clocks', async () => {
  const { url, identities, lines } = await setUp(() => false)
  const answers = [await fetch(url + THING, { headers: { 'x-api-key': 'full' } }), await fetch(url + THING)]
  for (const answer of answers) {
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([502, null])
    expect(await answer.json()).toMatchObject({ status: 502, error: 'bad_gateway' })
  }
  expect(identities).toEqual(['ann', 'ann anew', 'anonymous', 'anonymous anew'])
  const logged = lines.filter(({ msg }) => msg === REFUSED)
  const date = expect.stringMatching(/ GMT$/)
  expect(logged).toEqual([
    { msg: REFUSED, function: 'get-thing', status: 401, reason: 'ERR_JWT_EXPIRED', functionDate: date, ourDate: date },
  ])
})

it('to a function that calls others go the identities that it calls them with, each for one of them', async () => {
  const reply = { status: 200, body: z.object({}) }
  const shared = { summary: 'A test.', method: 'POST', reply } as const
  const set = contractSet(
    {
      ask: endpoint({
        ...shared,
        name: 'ask',
        path: '/v1/asks',
        access: {},
        calls: ['price', 'tax'],
        timeoutMs: 1_000,
      }),
      price: endpoint({
        ...{ ...shared, name: 'price', path: '/v1/prices' },
        access: { internal: true, scopes: ['things:write', 'others:read'] },
      }),
      tax: endpoint({ ...shared, name: 'tax', path: '/v1/taxes', access: { internal: true } }),
      alone: endpoint({ ...shared, name: 'alone', path: '/v1/alone', access: {} }),
    },
    {},
  )
  const signed: unknown[] = []
  const delegations: unknown[] = []
  const { url } = await testGateway({
    upstream: (request, response) => {
      delegations.push(request.headers['ebb-delegation'])
      request.resume().on('end', () => response.writeHead(200, { 'ebb-revision': '7' }).end('{}'))
    },
    dependencies: {
      contracts: () => set,
      sign: async ({ sub, scopes, via }, audience, options = {}) => {
        signed.push([sub, scopes, via, audience, options.once ?? false, options.waitMs])
        return `for-${audience}`
      },
    },
  })
  const headers = { 'x-api-key': 'full', 'ebb-delegation': 'price=forged' }
  for (const path of ['/v1/asks', '/v1/alone']) await fetch(url + path, { method: 'POST', headers })
  expect(delegations).toEqual(['price=for-price, tax=for-tax', undefined])
  const [own, price, tax] = signed as (readonly unknown[])[]
  expect([own?.[2], own?.[3], own?.[4]]).toEqual([undefined, 'ask', false])
  expect(price).toEqual(['ann', ['things:write'], 'ask', 'price', true, 6_000])
  expect(tax).toEqual(['ann', [], 'ask', 'tax', true, 6_000])
  // There is no way to either of them, and its path is as unknown as any.
  for (const path of ['/v1/prices', '/v1/nothing'])
    expect((await fetch(url + path, { method: 'POST', headers })).status).toBe(404)
  expect(delegations).toHaveLength(2)
})

it('an identity is valid for a start and the contract’s timeout', async () => {
  const waits: unknown[] = []
  const sign: NonNullable<TestOptions['dependencies']>['sign'] = async (_caller, _name, options) =>
    `${waits.push(options?.waitMs)}`
  const { url } = await setUp(() => true, { sign })
  await fetch(`${url}/v1/slow`)
  expect(waits).toEqual([5_000 + 100])
})

it.each([
  [401, {}],
  [403, { 'www-authenticate': 'Bearer' }],
])('a %i that the contract declares is sent to the caller', async (status, headers) => {
  const body = `{"status":${status},"error":"wrong_password"}`
  const { url, invoked } = await testGateway({
    upstream: (_request, response) => void response.writeHead(status, { ...PROBLEM, ...headers }).end(body),
  })
  const answer = await fetch(url + THING)
  expect([answer.status, await answer.text(), invoked.length]).toEqual([status, body, 1])
})

it.each([
  [400, 502, 'bad_gateway'],
  [401, 502, 'bad_gateway'],
  [403, 502, 'bad_gateway'],
  [404, 503, 'unavailable'],
  [413, 502, 'bad_gateway'],
  [415, 502, 'bad_gateway'],
  [429, 503, 'unavailable'],
  [431, 502, 'bad_gateway'],
  [500, 502, 'bad_gateway'],
])('a %i that is not the function’s own becomes a %i %s', async (given, status, error) => {
  const { url, lines } = await testGateway({
    upstream: (_request, response) =>
      void response.writeHead(given, { 'content-type': 'text/html' }).end('<h1>no</h1>'),
  })
  const answer = await fetch(url + THING)
  expect([answer.status, await answer.json()]).toEqual([status, expect.objectContaining({ status, error })])
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'a proxy answered instead of the function' }))
})
