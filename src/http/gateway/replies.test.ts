import { expect, it } from '@jest/globals'
import { jsonPatch, mergePatch } from 'ebb/contract'
import * as z from 'zod'
import { contractSet, endpoint } from '../../contract/index.ts'
import { sendRaw, testGateway } from './test-support.ts'

const Note = z.object({ text: z.string() })
const path = '/v1/notes/{id}'
const bare = { summary: 'A note.', path, params: z.object({ id: z.string() }), access: { anonymous: true } } as const
const contracts = contractSet(
  {
    'get-note': endpoint({
      ...{ ...bare, name: 'get-note', method: 'GET', conditional: true, cookies: z.object({ n: z.number() }) },
      reply: { status: 200, body: Note, headers: z.object({ 'x-total': z.number() }) },
    }),
    'patch-note': endpoint({
      ...{ ...bare, name: 'patch-note', method: 'PATCH', conditional: true, reply: { status: 200, body: Note } },
      body: z.union([mergePatch(Note), jsonPatch()]),
    }),
    'put-note': endpoint({
      ...{ ...bare, name: 'put-note', method: 'PUT', conditional: 'optional', reply: { status: 200, body: Note } },
      body: mergePatch(Note),
    }),
    'pay-note': endpoint({
      ...{ ...bare, name: 'pay-note', method: 'POST', path: '/v1/pay', params: undefined, idempotent: true },
      ...{ access: {}, reply: { status: 303, locations: ['https://pay.example.com/*'] } },
    } as never),
  },
  {},
)

const MERGE = 'application/merge-patch+json'
const start = (options: Parameters<typeof testGateway>[0] = {}) =>
  testGateway({ ...options, dependencies: { contracts: () => contracts, ...options.dependencies } })

it.each([
  ['PATCH', 'application/json', 'accept-patch', `${MERGE}, application/json-patch+json`],
  ['PATCH', 'text/plain', 'accept-patch', `${MERGE}, application/json-patch+json`],
  ['PUT', 'application/json', 'accept', MERGE],
])('415 a %s of %s, and which types it takes', async (method, type, name, types) => {
  const { url, invoked } = await start()
  const headers = { 'content-type': type, 'if-match': '"1"' }
  const answer = await fetch(`${url}/v1/notes/1`, { method, headers, body: '{}' })
  expect([answer.status, answer.headers.get(name), invoked]).toEqual([415, types, []])
})

it.each([
  [`${MERGE}; charset=utf-8`, '{"text":"a"}'],
  ['Application/JSON-Patch+JSON', '[{"op":"remove","path":"/text"}]'],
])('200 a PATCH of %s', async (type, body) => {
  const { url, invoked } = await start()
  const headers = { 'content-type': type, 'if-match': '"1"' }
  const answer = await fetch(`${url}/v1/notes/1`, { method: 'PATCH', headers, body })
  expect([answer.status, invoked]).toEqual([200, ['PATCH /v1/notes/1']])
})

it.each([
  [428, 'PATCH', {}],
  [400, 'PATCH', { 'if-match': '1' }],
  [200, 'PATCH', { 'if-none-match': '*' }],
  [200, 'PUT', {}],
  [400, 'PUT', { 'if-match': 'W/1' }],
])('%d for a %s with %j', async (status, method, conditions) => {
  const { url, invoked } = await start()
  const headers = { 'content-type': MERGE, ...conditions }
  const answer = await fetch(`${url}/v1/notes/1`, { method, headers, body: '{}' })
  expect([answer.status, invoked.length]).toEqual([status, status === 200 ? 1 : 0])
})

it('400 a cookie that is missing, or not what the contract says; others are ignored', async () => {
  const { port, invoked } = await start()
  const get = (cookie: string) => sendRaw(port, `GET /v1/notes/1 HTTP/1.1\r\nHost: h\r\n${cookie}\r\n`)
  for (const cookie of ['', 'Cookie: m=1\r\n', 'Cookie: n=x; m=1\r\n', 'Cookie: n\r\n']) {
    const { status, body } = await get(cookie)
    expect([status, JSON.parse(body).details[0].path]).toEqual([400, 'cookies.n'])
  }
  for (const cookie of ['Cookie: a=b; n=7; n=x\r\n', 'Cookie: a\r\nCookie: n="7"\r\n', 'Cookie: n=%37\r\n'])
    expect((await get(cookie)).status).toBe(200)
  expect(invoked).toHaveLength(3)
})

it('a reply that depends on a cookie says so to caches', async () => {
  const { url } = await start()
  const answer = await fetch(`${url}/v1/notes/1`, { headers: { cookie: 'n=7' } })
  expect(answer.headers.get('vary')).toBe('Cookie, Authorization, X-API-Key')
})

it('304, 3xx and every line of Set-Cookie go through as the function sent them', async () => {
  const { url } = await start({
    upstream: (request, response) => {
      const status = request.method === 'GET' ? 304 : 303
      const location = 'https://pay.example.com/7'
      response.writeHead(status, { etag: '"1"', location, 'set-cookie': ['a=1; Path=/', 'b=2'] }).end()
    },
  })
  const read = await fetch(`${url}/v1/notes/1`, { headers: { cookie: 'n=7', 'if-none-match': '"1"' } })
  expect([read.status, read.headers.get('etag'), await read.text()]).toEqual([304, '"1"', ''])
  const headers = { 'x-api-key': 'full', 'idempotency-key': 'k' }
  const paid = await fetch(`${url}/v1/pay`, { method: 'POST', headers, redirect: 'manual' })
  expect([paid.status, paid.headers.get('location')]).toEqual([303, 'https://pay.example.com/7'])
  expect(paid.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2'])
})

it('a stored redirect is replayed with all that it had', async () => {
  const headers = { location: 'https://pay.example.com/7', 'set-cookie': ['a=1', 'b=2'] }
  const { url, invoked } = await start({
    dependencies: {
      findStoredResponse: async () => ({ status: 'finished', response: { status: 303, headers, body: '' } }),
    },
  })
  const key = { 'x-api-key': 'full', 'idempotency-key': 'k' }
  const answer = await fetch(`${url}/v1/pay`, { method: 'POST', headers: key, redirect: 'manual' })
  expect([answer.status, answer.headers.get('location')]).toEqual([303, headers.location])
  expect([answer.headers.getSetCookie(), invoked]).toEqual([['a=1', 'b=2'], []])
})

it('pages may read the headers that the contract names', async () => {
  const { url } = await start({ dependencies: { corsOrigins: ['https://app.example'] } })
  const answer = await fetch(`${url}/v1/notes/1`, { headers: { origin: 'https://app.example', cookie: 'n=7' } })
  expect(answer.headers.get('access-control-expose-headers')).toMatch(/, x-total$/)
  const asked = { origin: 'https://app.example', 'access-control-request-method': 'PATCH' }
  const preflight = await fetch(`${url}/v1/notes/1`, { method: 'OPTIONS', headers: asked })
  expect(preflight.headers.get('access-control-allow-headers')).toContain('if-match, if-none-match')
})
