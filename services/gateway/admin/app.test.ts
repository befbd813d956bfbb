import { createServer, request } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { testDatabase } from '../../../src/testing/index.ts'
import { ADMIN, gatewaySettings, listenForTest, startTestGateway } from '../test-support.ts'

const database = testDatabase()
const json = { ...ADMIN, 'content-type': 'application/json' }

async function start(env: Readonly<Record<string, string>> = {}) {
  const settings = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const { url, admin } = await startTestGateway({ ...settings.env, ...env })
  const post = (body: unknown) =>
    fetch(`${admin}/v1/keys`, { method: 'POST', headers: json, body: JSON.stringify(body) })
  return { url, admin, post }
}

it.each<[string, string, Record<string, string>]>([
  ['no key', '/v1/keys', {}],
  ['another key', '/v1/keys', { authorization: 'Bearer nope' }],
  ['the key without its scheme', '/v1/events', { authorization: ADMIN.authorization.slice(7) }],
])('401 %s', async (_name, path, headers) => {
  const { admin } = await start()
  const answer = await fetch(admin + path, { headers })
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
})

it('201 a key is made, serves, is listed without its token, and is revoked', async () => {
  const { url, admin, post } = await start()
  const made = await post({ subject: 'ann', scopes: ['things:write'], expiresAt: '2999-01-01T00:00:00Z' })
  expect([made.status, made.headers.get('cache-control')]).toEqual([201, 'no-store'])
  const { key, token } = (await made.json()) as { key: { id: string }; token: string }
  expect(key).toMatchObject({ subject: 'ann', scopes: ['things:write'], expiresAt: '2999-01-01T00:00:00.000000Z' })
  expect((await fetch(`${url}/v1/things`, { headers: { 'x-api-key': token } })).status).toBe(200)
  const listed = await (await fetch(`${admin}/v1/keys?subject=ann`, { headers: ADMIN })).text()
  expect(JSON.parse(listed)).toEqual({ keys: [key] })
  expect(listed).not.toContain(token)
  const revoke = () => fetch(`${admin}/v1/keys/${key.id}`, { method: 'DELETE', headers: ADMIN })
  expect((await revoke()).status).toBe(204)
  expect((await revoke()).status).toBe(204)
})

it('400 every issue of a new key', async () => {
  const { post } = await start()
  const answer = await post({ subject: 'anonymous', scopes: ['Nope'], expiresAt: '2020-01-01T00:00:00Z', more: 1 })
  const { details } = (await answer.json()) as { details: { path: string }[] }
  expect([answer.status, details.map(({ path }) => path).sort()]).toEqual([
    400,
    ['body', 'body.expiresAt', 'body.scopes.0', 'body.subject'],
  ])
})

it('400 more scopes than fit into each request to a function', async () => {
  const { post } = await start()
  const scopes = Array.from({ length: 100 }, (_, i) => `${'s'.repeat(137)}:a${i}`)
  const answer = await post({ subject: 'ann', scopes })
  expect([answer.status, await answer.json()]).toEqual([
    400,
    expect.objectContaining({ details: [{ path: 'body.scopes', message: expect.stringContaining('8192') }] }),
  ])
})

it('400 a body that is no JSON, 404 what does not exist', async () => {
  const { admin } = await start()
  const bad = await fetch(`${admin}/v1/keys`, { method: 'POST', headers: json, body: '{' })
  expect([bad.status, await bad.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_request' })])
  const id = '00000000-0000-4000-8000-000000000000'
  expect((await fetch(`${admin}/v1/keys/${id}`, { method: 'DELETE', headers: ADMIN })).status).toBe(404)
  expect((await fetch(`${admin}/v1/keys/1`, { method: 'DELETE', headers: ADMIN })).status).toBe(400)
  expect((await fetch(`${admin}/v1/events/${id}`, { headers: ADMIN })).status).toBe(404)
  expect((await fetch(`${admin}/v1/more`, { headers: ADMIN })).status).toBe(404)
})

it('400 what Postgres could not take, and 413 what is too long', async () => {
  const { admin, post } = await start()
  const grant = { subject: 'ann', scopes: [] }
  const cursor = (time: string) => Buffer.from(`${time} 00000000-0000-4000-8000-000000000000`).toString('base64url')
  const list = (query: string) => fetch(`${admin}/v1/events?${query}`, { headers: ADMIN })
  const redrive = (body: string) => fetch(`${admin}/v1/events/redrive`, { method: 'POST', headers: json, body })
  const answers = [
    await post({ ...grant, expiresAt: '2999-01-01T00:00:00+23:59' }),
    await list(`before=${cursor('2026-02-31T00:00:00.000000Z')}`),
    await list(`before=${cursor('0000-01-01T00:00:00.000000Z')}`),
    await list('type=%00'),
    await redrive('{"before":"0000-01-01T00:00:00Z"}'),
    await redrive('{"type":"\\u0000"}'),
    await redrive('{"type":"\\ud800"}'),
    await post({ ...grant, scopes: Array(2_000).fill('things:write') }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400, 400, 413])
})

it('409 a third key', async () => {
  const { post } = await start()
  const grant = { subject: 'ben', scopes: [] }
  const statuses = [await post(grant), await post(grant), await post(grant)].map(({ status }) => status)
  expect(statuses).toEqual([201, 201, 409])
})

it('200 the events', async () => {
  const { admin } = await start()
  const answer = await fetch(`${admin}/v1/events?state=dead&limit=10`, { headers: ADMIN })
  expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ events: [] })])
  expect((await fetch(`${admin}/v1/events?state=odd`, { headers: ADMIN })).status).toBe(400)
})

it('200 the functions, as the runner reports them', async () => {
  const functions = [{ name: 'get-thing', instances: 1, coldStarts: 2, requests: 3 }]
  const runner = createServer((_request, response) => void response.end(JSON.stringify(functions)))
  const { admin } = await start({ EBB_FUNCTIONS_URL: `http://127.0.0.1:${await listenForTest(runner)}/_/functions` })
  expect(await (await fetch(`${admin}/v1/functions`)).json()).toEqual(functions)
  runner.closeAllConnections()
})

it('200 the functions without a runner, as far as this gateway knows them', async () => {
  let nth = 0
  const { env } = await gatewaySettings(database.url, (_request, response) => {
    response.writeHead(200, { 'ebb-revision': 'r7', ...(++nth === 1 ? { 'ebb-cold': 'true' } : {}) }).end('{}')
  })
  const { url, admin } = await startTestGateway(env)
  for (const path of ['/v1/public', '/v1/public', '/v1/things']) await fetch(url + path)
  const response = await fetch(`${admin}/v1/functions`)
  const rows = (await response.json()) as { name: string }[]
  const row = (name: string) => rows.find((one) => one.name === name)
  const time = expect.stringMatching(/^\d{4}-.*Z$/)
  expect([response.status, rows.length]).toEqual([200, 8])
  expect(row('get-public')).toEqual({
    ...{ name: 'get-public', route: 'GET /v1/public', scale: { max: 1, concurrency: 1 }, instances: null },
    ...{ requests: 2, coldStarts: 1, lastColdStartAt: time, revision: 'r7', since: time },
  })
  // Refused by the gateway: its function was not called.
  expect(row('get-thing')).toMatchObject({ instances: null, requests: 0, coldStarts: 0, revision: null })
  expect(row('send-welcome')).toMatchObject({ route: 'user.created', instances: null, requests: null })
})

it('503 the functions, where their runner does not answer', async () => {
  const { admin } = await start({ EBB_FUNCTIONS_URL: 'http://127.0.0.1:1/' })
  expect((await fetch(`${admin}/v1/functions`)).status).toBe(503)
})

describe('a browser', () => {
  const ask = (url: string, headers: Readonly<Record<string, string>>) =>
    new Promise<number | undefined>((resolve, reject) => {
      request(url, { headers }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end()
    })

  it.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://attacker.example' },
    { origin: 'null' },
    { host: 'attacker.example' },
  ])('403 that shows the page of another site: %j', async (headers) => {
    const { admin } = await start({ EBB_HOSTS: 'localhost' })
    for (const path of ['/metrics', '/v1/functions', '/v1/events']) {
      expect(await ask(admin + path, { ...ADMIN, ...headers })).toBe(403)
    }
  })

  it.each<Readonly<Record<string, string>>>([
    {},
    { host: 'localhost:8081' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:8081', host: 'localhost:8081' },
  ])('200 that a person opened it with: %j', async (headers) => {
    const { admin } = await start({ EBB_HOSTS: 'localhost' })
    expect(await ask(`${admin}/metrics`, headers)).toBe(200)
  })

  it('200 by any name where none is listed, as in a cluster', async () => {
    const { admin } = await start()
    expect(await ask(`${admin}/metrics`, { host: 'ebb-gateway-admin.ebb.svc' })).toBe(200)
  })
})
