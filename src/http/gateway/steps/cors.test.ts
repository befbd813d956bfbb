import { describe, expect, it } from '@jest/globals'
import { sendRaw, testGateway } from '../test-support.ts'
import { proxiedGateway, rawResponse, startOrigin } from '../upstream/test-support-origin.ts'

const APP = 'https://app.example'
const ORIGINS = [APP, 'http://localhost:*', 'http://[::1]:*']
const THING = '/v1/things/1'
const start = (corsOrigins: readonly string[] = ORIGINS) => testGateway({ dependencies: { corsOrigins } })

const preflight = (url: string, origin: string, method = 'GET', headers: Record<string, string> = {}) =>
  fetch(url, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': method, ...headers } })
const read = (url: string, origin?: string) => fetch(url, { headers: origin ? { origin } : {} })
const allowed = ({ headers }: Response) => headers.get('access-control-allow-origin')

it('204 a preflight lists what the contracts accept, and invokes no function', async () => {
  const { url, invoked, shortCircuits, lines } = await start()
  const answer = await preflight(url + THING, APP, 'DELETE', { 'access-control-request-headers': 'x-tone' })
  expect([answer.status, await answer.text()]).toEqual([204, ''])
  expect(Object.fromEntries(answer.headers)).toEqual({
    ...{ 'access-control-allow-origin': APP, vary: 'Origin', 'access-control-max-age': '600' },
    'x-content-type-options': 'nosniff',
    'access-control-allow-methods': 'DELETE, GET, HEAD',
    'access-control-allow-headers':
      'authorization, content-type, dpop, ebb-callback, ebb-position, idempotency-key, last-event-id, prefer, traceparent, x-api-key, x-correlation-id, x-tone',
    ...{ 'x-correlation-id': expect.any(String), date: expect.any(String) },
    ...{ connection: 'keep-alive', 'keep-alive': 'timeout=95' },
  })
  expect([invoked, shortCircuits]).toEqual([[], ['preflight']])
  expect(lines).toEqual([expect.objectContaining({ method: 'OPTIONS', path: THING, status: 204, caller: 'anonymous' })])
})

it.each([
  ['an origin that is listed', ORIGINS, THING, APP, 204, APP],
  ['any port where any is listed', ORIGINS, THING, 'http://localhost:5173', 204, 'http://localhost:5173'],
  ['no port where any is listed', ORIGINS, THING, 'http://localhost', 204, 'http://localhost'],
  ['a port of an IPv6 address', ORIGINS, THING, 'http://[::1]:3000', 204, 'http://[::1]:3000'],
  ['any origin', ['*'], THING, 'https://any.example', 204, '*'],
  ['a page without an origin, where any may call', ['*'], THING, 'null', 204, '*'],
  ['a path that needs a key', ORIGINS, '/v1/things/mine', APP, 204, APP],
  ['another origin', ORIGINS, THING, 'https://other.example', 403, null],
  ['another scheme', ORIGINS, THING, 'http://app.example', 403, null],
  ['another port', ORIGINS, THING, `${APP}:444`, 403, null],
  ['a name that ends alike', ORIGINS, THING, 'https://evil-app.example', 403, null],
  ['a name that begins alike', ORIGINS, THING, 'http://localhost.example:80', 403, null],
  ['a pattern as an origin', ORIGINS, THING, 'http://localhost:*:1', 403, null],
  ['no origin at all', ORIGINS, THING, 'null', 403, null],
  ['no such path', ORIGINS, '/v1/nothing', APP, 404, APP],
  ['our own path', ORIGINS, '/openapi.json', APP, 405, APP],
  ['no setting', [], THING, APP, 405, null],
  ['no setting and no such path', [], '/v1/nothing', APP, 404, null],
])('%s: a preflight', async (_name, origins, path, origin, status, allow) => {
  const { url, invoked } = await start(origins)
  const answer = await preflight(url + path, origin)
  expect([answer.status, allowed(answer), invoked]).toEqual([status, allow, []])
  expect(answer.headers.has('access-control-allow-methods')).toBe(status === 204)
  expect(answer.headers.has('access-control-allow-credentials')).toBe(false)
})

it('405 an OPTIONS that is not a preflight', async () => {
  const { url } = await start()
  const answer = await fetch(url + THING, { method: 'OPTIONS', headers: { origin: APP } })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD'])
})

it('200 the function’s response can be read, and its own CORS headers are ignored', async () => {
  const { url } = await testGateway({
    dependencies: { corsOrigins: ORIGINS },
    upstream: (_request, response) => {
      const theirs = { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' }
      response.writeHead(200, { ...theirs, vary: 'Accept' }).end('{}')
    },
  })
  const answer = await read(url + THING, APP)
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    ...{ 'access-control-allow-origin': APP, vary: 'Origin, Authorization, X-API-Key, Accept' },
    'access-control-expose-headers':
      'Deprecation, Ebb-Position, ETag, Idempotency-Replayed, Link, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, Sunset, WWW-Authenticate, X-Correlation-Id',
  })
  expect(answer.headers.has('access-control-allow-credentials')).toBe(false)
  const other = await read(url + THING, 'https://other.example')
  expect([other.status, allowed(other), other.headers.get('vary')]).toEqual([
    200,
    null,
    'Origin, Authorization, X-API-Key, Accept',
  ])
})

it.each([
  ['/v1/nothing', 404],
  ['/v1/things/mine', 401],
  [`${THING}?more=1`, 400],
  ['/v1//things', 400],
  ['/openapi.json', 200],
])('%s can be read: %i', async (path, status) => {
  const { url } = await start()
  const answer = await read(url + path, APP)
  expect([answer.status, allowed(answer), answer.headers.get('vary')]).toEqual([
    status,
    APP,
    expect.stringMatching(/^Origin\b/),
  ])
})

it('200 what a cache stores for a request without origin is not for a page', async () => {
  const { url } = await start()
  const answer = await read(url + THING)
  expect([allowed(answer), answer.headers.get('vary')]).toEqual([null, 'Origin, Authorization, X-API-Key'])
})

it('200 without the setting, there are no CORS headers', async () => {
  const { url } = await start([])
  const answer = await read(url + THING, APP)
  expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
  expect(answer.headers.get('vary')).not.toMatch(/origin/i)
})

it('200 an Origin that is given twice is ignored', async () => {
  const { port } = await start()
  const answer = await sendRaw(
    port,
    `GET /openapi.json HTTP/1.1\r\nHost: h\r\nOrigin: ${APP}\r\nOrigin: ${APP}\r\n\r\n`,
  )
  expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, undefined])
})

describe('of a service behind a proxy', () => {
  const origin = 'https://app.example'
  const preflight = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'X-Own, X-Api-Key',
  }
  const allowed = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Credentials': 'true' }
  const service = () =>
    startOrigin(() =>
      rawResponse(
        '200 OK',
        Object.entries(allowed).map(([name, value]) => `${name}: ${value}`),
      ),
    )
  const headersOf = ({ headers }: Response) =>
    Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')))

  it('is the gateway’s own by default: its preflights reach nothing, and allow whatever headers a page asks for', async () => {
    const old = await service()
    const { url } = await proxiedGateway(old, { access: {} }, { dependencies: { corsOrigins: [origin] } })
    const asked = await fetch(`${url}/old/x`, { method: 'OPTIONS', headers: preflight })
    expect([asked.status, old.requests.length]).toEqual([204, 0])
    expect(headersOf(asked)).toMatchObject({
      'access-control-allow-methods': 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT',
      'access-control-allow-headers': expect.stringContaining('x-own'),
    })
    const answer = await fetch(`${url}/old/x`, { headers: { origin, 'x-api-key': 'full' } })
    expect(headersOf(answer)).toEqual({ 'access-control-allow-origin': origin, 'access-control-expose-headers': '*' })
  })

  it('is the service’s where the contract says so: it answers OPTIONS to anybody, and says who may read', async () => {
    const old = await service()
    const contract = { access: {}, upstream: { cors: 'upstream' } } as const
    for (const corsOrigins of [[], [origin]]) {
      const { url } = await proxiedGateway(old, contract, { dependencies: { corsOrigins } })
      const asked = await fetch(`${url}/old/x`, { method: 'OPTIONS', headers: preflight })
      const answer = await fetch(`${url}/old/x`, { headers: { origin, 'x-api-key': 'full' } })
      for (const response of [asked, answer])
        expect([response.status, headersOf(response)]).toEqual([
          200,
          { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' },
        ])
      expect((await fetch(`${url}/old/x`, { headers: { origin } })).status).toBe(401)
    }
    expect(old.requests.map(({ lines }) => lines[0]?.split(' ')[0])).toEqual(['OPTIONS', 'GET', 'OPTIONS', 'GET'])
    expect(old.requests[0]?.all('access-control-request-method')).toEqual(['POST'])
  })
})
