import { expect, it } from '@jest/globals'
import { Problem } from '../../../contract/index.ts'
import { TokenError } from '../../../protocol/index.ts'
import type { Authenticators } from '../credentials.ts'
import { KEYS, testGateway } from '../test-support.ts'

const MINE = '/v1/things/mine'
const OPEN = '/v1/things/1'

it.each<[string, Record<string, string>]>([
  ['no key', {}],
  ['an unknown key', { 'x-api-key': 'nope' }],
  ['an empty key', { 'x-api-key': '' }],
  ['an unknown bearer', { authorization: 'Bearer nope' }],
  ['a bearer without a token', { authorization: 'Bearer' }],
  ['another scheme', { authorization: 'Basic YTpi' }],
])('401 %s, with the same sentence in each case', async (_name, headers) => {
  const { url, invoked, shortCircuits } = await testGateway()
  const answer = await fetch(url + MINE, { headers })
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  expect(await answer.json()).toMatchObject({
    error: 'unauthenticated',
    message: 'Send a valid API key in X-API-Key or as Authorization: Bearer.',
  })
  expect([invoked, shortCircuits]).toEqual([[], ['unauthenticated']])
})

it.each<[string, Record<string, string>]>([
  ['X-API-Key', { 'x-api-key': 'full' }],
  ['Authorization', { authorization: 'Bearer full' }],
  ['a lower-case scheme', { authorization: 'bearer  full' }],
  ['both, when they agree', { 'x-api-key': 'full', authorization: 'Bearer full' }],
])('200 a valid key in %s, which is not forwarded', async (_name, headers) => {
  let seen: Record<string, unknown> = {}
  const { url } = await testGateway({
    upstream: (request, response) => {
      seen = request.headers
      response.end()
    },
  })
  expect((await fetch(url + MINE, { headers })).status).toBe(200)
  expect(seen['ebb-identity']).toBe('ann for get-mine')
  expect(JSON.stringify(seen)).not.toContain('full')
})

it('400 two different keys', async () => {
  const { url, invoked } = await testGateway()
  const answer = await fetch(url + MINE, { headers: { 'x-api-key': 'full', authorization: 'Bearer half' } })
  expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ error: 'bad_request' })])
  expect(invoked).toEqual([])
})

it('200 an anonymous route needs no key, and ignores other schemes', async () => {
  const seen: unknown[] = []
  const { url } = await testGateway({
    upstream: (request, response) => {
      seen.push(request.headers['ebb-identity'], request.headers.authorization)
      response.end()
    },
  })
  expect((await fetch(url + OPEN, { headers: { authorization: 'Basic YTpi' } })).status).toBe(200)
  expect(seen).toEqual(['anonymous for get-thing', 'Basic YTpi'])
})

it('401 an anonymous route checks a key that is presented', async () => {
  const { url } = await testGateway()
  expect((await fetch(url + OPEN, { headers: { 'x-api-key': 'nope' } })).status).toBe(401)
})

it('an access token goes to the issuer’s check, an API key never does', async () => {
  const presented: unknown[] = []
  const token: Authenticators['token'] = (sent) => {
    presented.push([sent.scheme, sent.token, sent.method, sent.path, sent.proofs])
    if (sent.token === 'bad') throw new Problem('unauthenticated', 401, 'No.')
    return { caller: { sub: 'eve', scopes: [] }, credential: { kind: 'token', id: 'https://issuer' } }
  }
  const key = async () => undefined
  const { url, invoked } = await testGateway({ dependencies: { authenticate: { key, token } } })
  const statusOf = async (headers: Record<string, string>) => (await fetch(`${url}${MINE}`, { headers })).status
  const statuses = [
    await statusOf({ authorization: 'Bearer good' }),
    await statusOf({ authorization: 'DPoP good', dpop: 'proof' }),
    await statusOf({ authorization: 'Bearer bad' }),
    await statusOf({ authorization: 'Bearer ebb_live_0' }),
    await statusOf({ 'x-api-key': 'good' }),
  ]
  expect(statuses).toEqual([200, 200, 401, 401, 401])
  expect(presented).toEqual([
    ['bearer', 'good', 'GET', MINE, []],
    ['dpop', 'good', 'GET', MINE, ['proof']],
    ['bearer', 'bad', 'GET', MINE, []],
  ])
  expect(invoked).toHaveLength(2)
})

it('503 while keys cannot be looked up', async () => {
  const key = async () => {
    throw new Problem('unavailable', 503, 'API keys cannot be checked; retry later.', { retryAfterSeconds: 2 })
  }
  const { url, invoked } = await testGateway({ dependencies: { authenticate: { key } } })
  const answer = await fetch(url + MINE, { headers: { 'x-api-key': 'full' } })
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])
  expect(invoked).toEqual([])
})

it('500 an error is logged, and its message stays inside', async () => {
  const key = async () => {
    throw new Error(`secret ${KEYS.full.sub}`)
  }
  const { url, lines } = await testGateway({ dependencies: { authenticate: { key } } })
  const answer = await fetch(url + MINE, { headers: { 'x-api-key': 'full' } })
  expect(answer.status).toBe(500)
  expect(await answer.text()).not.toContain('secret')
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'authenticate failed', err: expect.any(Error) }))
})

it('a response that depends on the caller is stored by no shared cache; an anonymous one says what it varies by', async () => {
  const { url } = await testGateway()
  const fieldsOf = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(url + path, { headers })
    return [answer.status, answer.headers.get('cache-control'), answer.headers.get('vary')]
  }
  const vary = 'Authorization, X-API-Key'
  const never = 'private, no-store'
  expect(await fieldsOf('/v1/things/mine', { 'x-api-key': 'full' })).toEqual([200, never, vary])
  expect(await fieldsOf('/v1/things/mine')).toEqual([401, never, vary])
  expect(await fieldsOf('/v1/things/1', { authorization: 'Bearer full' })).toEqual([200, never, vary])
  expect(await fieldsOf('/v1/things/1')).toEqual([200, null, vary])
})

const create = { method: 'POST', body: '{"name":"a"}' }
const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' }

it('403 names the missing scope', async () => {
  const { url, invoked, shortCircuits } = await testGateway()
  const answer = await fetch(`${url}/v1/things`, { ...create, headers: { ...headers, 'x-api-key': 'half' } })
  expect(answer.status).toBe(403)
  expect(await answer.json()).toMatchObject({ error: 'forbidden', message: expect.stringContaining('things:more') })
  expect([invoked, shortCircuits]).toEqual([[], ['forbidden']])
})

it('200 every scope', async () => {
  const { url } = await testGateway()
  const answer = await fetch(`${url}/v1/things`, { ...create, headers: { ...headers, 'x-api-key': 'full' } })
  expect(answer.status).toBe(200)
})

it('200 where an owner may call, the function decides', async () => {
  const credential = { kind: 'key', id: '1' } as const
  const dependencies = { authenticate: { key: async () => ({ caller: { sub: 'cy', scopes: [] }, credential }) } }
  const { url, invoked } = await testGateway({ dependencies })
  const answer = await fetch(`${url}/v1/things/1`, { method: 'DELETE', headers: { 'x-api-key': 'any' } })
  expect([answer.status, invoked]).toEqual([200, ['DELETE /v1/things/1']])
})

it('403 a token without a scope, with what it needs (RFC 6750)', async () => {
  const credential = { kind: 'token', id: 'https://login.example' } as const
  const token = () => ({ caller: { sub: 'eve', scopes: [] }, credential })
  const { url } = await testGateway({ dependencies: { authenticate: { key: async () => undefined, token } } })
  const answer = await fetch(`${url}/v1/things`, { method: 'POST', headers: { authorization: 'Bearer x' } })
  expect([answer.status, answer.headers.get('www-authenticate'), await answer.json()]).toEqual([
    403,
    `Bearer error="insufficient_scope", scope="things:write things:more", resource_metadata="${url}/.well-known/oauth-protected-resource"`,
    expect.objectContaining({ message: 'Your token lacks the scope things:write and things:more.' }),
  ])
})

it('401 says where to log in, where there is an issuer', async () => {
  const token = () => {
    throw new TokenError('The token has "expired"; get a new one.')
  }
  const { url } = await testGateway({ dependencies: { authenticate: { key: async () => undefined, token } } })
  const challengeOf = async (headers: Record<string, string>) =>
    (await fetch(url + MINE, { headers })).headers.get('www-authenticate')
  const metadata = `resource_metadata="${url}/.well-known/oauth-protected-resource"`
  expect(await challengeOf({})).toBe(`Bearer ${metadata}`)
  expect(await challengeOf({ 'x-api-key': 'nope' })).toBe(`Bearer ${metadata}`)
  expect(await challengeOf({ authorization: 'Bearer x' })).toBe(
    `Bearer error="invalid_token", error_description="The token has 'expired'; get a new one.", ${metadata}`,
  )
})

it('403 tenant_required for a caller without a tenant, where the contract has tenancy; no function is called', async () => {
  const { url, invoked, shortCircuits, lines } = await testGateway()
  const refused = await fetch(`${url}/v1/ours`, { headers: { 'x-api-key': 'full' } })
  expect([refused.status, await refused.json()]).toMatchObject([403, { error: 'tenant_required' }])
  expect([invoked, shortCircuits]).toEqual([[], ['tenant_required']])
  expect((await fetch(`${url}/v1/ours`, { headers: { 'x-api-key': 'acme' } })).status).toBe(200)
  expect(lines.map(({ tenant, status }) => [tenant, status])).toEqual([
    [undefined, 403],
    ['acme', 200],
  ])
})
