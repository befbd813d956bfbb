import { expect, it } from '@jest/globals'
import type { DocsFile, GatewayDependencies } from '../dependencies.ts'
import { contracts, KEYS, testGateway } from '../test-support.ts'

it('200 health, readiness and the OpenAPI document, none of them counted', async () => {
  const { url, shortCircuits } = await testGateway()
  expect((await fetch(`${url}/_/health`)).status).toBe(200)
  expect((await fetch(`${url}/_/ready`)).status).toBe(200)
  expect(await (await fetch(`${url}/openapi.json`)).json()).toEqual({ openapi: '3.1.0' })
  expect((await fetch(`${url}/openapi.json`, { method: 'HEAD' })).headers.get('content-length')).toBe('19')
  expect(shortCircuits).toEqual([])
})

it('200 the document tells of own keys only where somebody can log in', async () => {
  const set = {
    ...contracts,
    openapi: { openapi: '3.1.0', paths: { '/v1/keys': {}, '/v1/keys/{id}': {}, '/v1/things': {} } },
  }
  const pathsOf = async (authenticate: GatewayDependencies['authenticate']) => {
    const { url } = await testGateway({ dependencies: { contracts: () => set, authenticate } })
    const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object }
    return Object.keys(paths)
  }
  const key = async () => undefined
  const token = () => ({ caller: KEYS.full, credential: { kind: 'token', id: 'x' } }) as const
  expect(await pathsOf({ key })).toEqual(['/v1/things'])
  expect(await pathsOf({ key, token })).toEqual(['/v1/keys', '/v1/keys/{id}', '/v1/things'])
})

it('200 the AsyncAPI document, and 404 where the contracts were bundled before there was one', async () => {
  const { url } = await testGateway({
    dependencies: { contracts: () => ({ ...contracts, asyncapi: { asyncapi: '3.0.0' } }) },
  })
  expect(await (await fetch(`${url}/asyncapi.json`)).json()).toEqual({ asyncapi: '3.0.0' })
  expect((await fetch(`${url}/asyncapi.json`, { method: 'PUT' })).status).toBe(405)
  const { url: older } = await testGateway()
  expect((await fetch(`${older}/asyncapi.json`)).status).toBe(404)
})

it('503 not ready, but healthy', async () => {
  const { url } = await testGateway({ dependencies: { ready: async () => false } })
  expect((await fetch(`${url}/_/ready`)).status).toBe(503)
  expect((await fetch(`${url}/_/health`)).status).toBe(200)
})

it('405 they can only be read', async () => {
  const { url } = await testGateway()
  const answer = await fetch(`${url}/_/health`, { method: 'POST' })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
})

const ISSUERS = ['https://login.example', 'https://two.example/realms/a/']

it('200 who issues tokens for this API, at the address by which it was asked (RFC 9728)', async () => {
  const { url } = await testGateway({ dependencies: { issuers: ISSUERS } })
  expect(await (await fetch(`${url}/.well-known/oauth-protected-resource`)).json()).toEqual({
    resource: url,
    authorization_servers: ISSUERS,
    scopes_supported: ['mails:read', 'things:more', 'things:write'],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: ['ES256', 'ES384', 'EdDSA', 'Ed25519'],
  })
})

it('404 where nobody does', async () => {
  const { url } = await testGateway()
  expect((await fetch(`${url}/.well-known/oauth-protected-resource`)).status).toBe(404)
})

it('200 the document has a login at each issuer, for what takes a key', async () => {
  const key = [{ apiKey: [] }, { bearer: [] }]
  const [open, login, bound, plain, scoped] = [
    { security: [] },
    { security: [{ bearer: [] }] },
    { security: [{ dpop: [] }], 'x-scopes': ['a:b'] },
    { operationId: 'plain' },
    { 'x-scopes': ['a:b', 'a:c'] },
  ]
  const document = {
    openapi: '3.1.0',
    security: key,
    paths: { '/a': { get: open, put: login, post: bound }, '/b': { get: plain, post: scoped } },
    components: { securitySchemes: { apiKey: {} }, schemas: { A: {} } },
  }
  const shown = async (issuers: readonly string[]) => {
    const set = { ...contracts, openapi: document }
    const { url } = await testGateway({ dependencies: { issuers, contracts: () => set } })
    return (await fetch(`${url}/openapi.json`)).json()
  }
  expect(await shown([])).toEqual(document)
  const logins = (scopes: readonly string[]) => [...key, { login1: scopes }, { login2: scopes }]
  expect(await shown(ISSUERS)).toEqual({
    ...document,
    security: logins([]),
    paths: {
      '/a': { get: open, put: { security: [{ bearer: [] }, { login1: [] }, { login2: [] }] }, post: bound },
      '/b': { get: plain, post: { ...scoped, security: logins(['a:b', 'a:c']) } },
    },
    components: {
      schemas: { A: {} },
      securitySchemes: {
        apiKey: {},
        login1: {
          type: 'openIdConnect',
          openIdConnectUrl: 'https://login.example/.well-known/openid-configuration',
        },
        login2: {
          type: 'openIdConnect',
          openIdConnectUrl: 'https://two.example/realms/a/.well-known/openid-configuration',
        },
      },
    },
  })
})

it.each(['/_/', '/_/metrics', '/metrics', '/docs'])('404 %s is not public', async (path) => {
  const { url } = await testGateway()
  expect((await fetch(url + path)).status).toBe(404)
})

it('404 at the root links to the reference', async () => {
  const { url } = await testGateway()
  const answer = await fetch(url)
  expect([answer.status, await answer.json()]).toMatchObject([404, { message: expect.stringContaining('/docs') }])
  expect(answer.headers.get('link')).toContain('</docs>; rel="service-doc"')
})

const FILES: Readonly<Record<string, DocsFile>> = {
  '/docs': { type: 'text/html', body: 'page', immutable: false },
  '/docs/1.js': { type: 'text/javascript', body: 'code', immutable: true },
}
const docs = async (path: string) => FILES[path]

it('200 the page is not cached, its assets are for ever, and all have a policy that loads nothing from other origins', async () => {
  const { url, shortCircuits, invoked } = await testGateway({ dependencies: { docs } })
  const page = await fetch(`${url}/docs`)
  expect([page.status, await page.text(), page.headers.get('cache-control')]).toEqual([200, 'page', 'no-store'])
  const part = await fetch(`${url}/docs/1.js`)
  expect([await part.text(), part.headers.get('content-type')]).toEqual(['code', 'text/javascript'])
  expect(part.headers.get('cache-control')).toMatch(/immutable/)
  for (const { headers } of [page, part]) {
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
  expect([shortCircuits, invoked]).toEqual([[], []])
})

it('200 but not for pages of other origins, which may call the API: the page may hold a key', async () => {
  const { url } = await testGateway({ dependencies: { docs, corsOrigins: ['*'] } })
  const headers = { origin: 'https://app.example' }
  expect((await fetch(`${url}/openapi.json`, { headers })).headers.get('access-control-allow-origin')).toBe('*')
  const page = await fetch(`${url}/docs`, { headers })
  expect([page.status, page.headers.get('access-control-allow-origin')]).toEqual([200, null])
})

it('404 for an unknown file, 405 for a write', async () => {
  const { url } = await testGateway({ dependencies: { docs } })
  for (const path of ['/docs/', '/docs/2.js', '/docsy']) expect((await fetch(url + path)).status).toBe(404)
  const answer = await fetch(`${url}/docs`, { method: 'POST' })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
})
