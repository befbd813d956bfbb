import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { contractSet, endpoint } from '../../contract/index.ts'
import type { InvocationState } from '../../protocol/index.ts'
import { createMemoryStore } from './cache/memory-store.ts'
import { connectClient, toolContracts } from './mcp/test-support.ts'
import { type TestOptions, testGateway } from './test-support.ts'
import { NO_INVOCATIONS } from './test-support-invocations.ts'

const reply = { status: 200, body: z.object({}) }
const common = { summary: 'Is for this test.', reply, access: { anonymous: true } } as const
const contracts = contractSet(
  {
    write: endpoint({ ...common, name: 'write', method: 'PUT', path: '/v1/thing' }),
    read: endpoint({ ...common, name: 'read', method: 'GET', path: '/v1/thing' }),
    kept: endpoint({
      ...{ ...common, name: 'kept', method: 'GET', path: '/v1/kept', cache: { maxAgeSeconds: 60, shared: true } },
    }),
    pay: endpoint({ ...common, name: 'pay', method: 'POST', path: '/v1/payments', idempotent: true, access: {} }),
  },
  { openapi: '3.1.0' },
)
const PLACE = '1A/2B'
const COOKIE = `ebb-position=${PLACE}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax`
const ORIGIN = { origin: 'https://app.example' }

/** A gateway whose functions say a position and a cookie of their own with each response, and what they received. */
async function start({ dependencies, upstream, ...options }: TestOptions = {}) {
  const received: IncomingHttpHeaders[] = []
  const functions: RequestListener = (request, response) => {
    received.push(request.headers)
    if (upstream) return upstream(request, response)
    response.setHeader('ebb-position', PLACE).setHeader('set-cookie', 'own=1')
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{}'))
  }
  const gateway = await testGateway({
    ...options,
    upstream: functions,
    dependencies: { contracts: () => contracts, ...dependencies },
  })
  const call = (method: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(gateway.url + path, { method, headers })
  return { ...gateway, call, received }
}

const told = ({ headers }: Response) => [headers.get('ebb-position'), headers.getSetCookie()]

describe('the position of a write', () => {
  it('is a header for clients, and for browsers a cookie that no page reads', async () => {
    const { call } = await start({ trustedHops: 1 })
    expect(told(await call('PUT', '/v1/thing'))).toEqual([PLACE, ['own=1']])
    expect(told(await call('PUT', '/v1/thing', ORIGIN))).toEqual([PLACE, ['own=1', COOKIE]])
    const https = { ...ORIGIN, 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'https' }
    expect(told(await call('PUT', '/v1/thing', https))).toEqual([PLACE, ['own=1', `${COOKIE}; Secure`]])
  })

  it.each([['nonsense'], ['0/0; Domain=example.com'], ['0/123456789']])(
    'is not passed on where it is none: %s',
    async (position) => {
      const { call } = await start({
        upstream: (_request, response) => response.writeHead(200, { 'ebb-position': position }).end('{}'),
      })
      expect(told(await call('PUT', '/v1/thing', ORIGIN))).toEqual([null, []])
    },
  )

  it('is `latest` where the gateway answers with an earlier response, or cannot know whether there was a write', async () => {
    const response = { status: 201, headers: { 'ebb-position': 'latest', 'set-cookie': 'own=1' }, body: '{}' }
    const { call } = await start({
      upstream: (request) => request.socket.destroy(),
      dependencies: {
        findStoredResponse: async ({ key }) => (key === 'used' ? { status: 'finished', response } : { status: 'new' }),
      },
    })
    const latest = COOKIE.replace(PLACE, 'latest')
    expect(
      told(await call('POST', '/v1/payments', { ...ORIGIN, 'x-api-key': 'full', 'idempotency-key': 'used' })),
    ).toEqual([...['latest', ['own=1', latest]]])
    const broken = await call('PUT', '/v1/thing', ORIGIN)
    expect([broken.status, ...told(broken)]).toEqual([502, 'latest', [latest]])
    const refused = await call('POST', '/v1/payments', ORIGIN)
    expect([refused.status, ...told(refused)]).toEqual([401, null, []])
    const read = await call('GET', '/v1/thing')
    expect([read.status, ...told(read)]).toEqual([502, null, []])
  })

  it('comes with the state of an asynchronous call that is done', async () => {
    const found = {
      ...{ id: '0b5c8ab0-5a0a-4a43-8d8a-ea9a8d2b64a0', function: 'write', state: 'done', attempts: 1, dueInMs: 0 },
      ...{ createdAt: '2026-01-01T00:00:00Z', availableAt: '2026-01-01T00:00:00Z', settledAt: '2026-01-01T00:00:01Z' },
      ...{
        correlationId: 'c',
        callback: undefined,
        response: { status: 200, headers: { etag: '"1"', 'ebb-position': PLACE }, body: undefined },
      },
    } as InvocationState
    const { call } = await start({
      dependencies: { invocations: { ...NO_INVOCATIONS, find: async () => found } },
    })
    const state = await call('GET', `/v1/invocations/${found.id}`, { ...ORIGIN, 'x-api-key': 'full' })
    expect(told(state)).toEqual([PLACE, [COOKIE]])
    expect(await state.json()).toMatchObject({ result: { headers: { etag: '"1"' } } })
  })
})

describe('a function is told', () => {
  it.each([
    ['nothing', {}, undefined, undefined],
    ['the header', { 'ebb-position': '1/2' }, '1/2', undefined],
    ['the cookie, which is taken out of the others', { cookie: 'a=1; ebb-position=1/2; b=2' }, '1/2', 'a=1; b=2'],
    ['the later of both', { 'ebb-position': 'A/0', cookie: 'ebb-position=9/FFFFFFFF' }, 'A/0', undefined],
    ['`latest` before all others', { 'ebb-position': 'F/0, 1/1', cookie: 'ebb-position=latest' }, 'latest', undefined],
    ['nothing of what is no position', { 'ebb-position': 'x', cookie: 'ebb-position=0x10' }, undefined, undefined],
  ])('%s', async (_what, headers, position, cookie) => {
    const { call, received } = await start()
    await call('GET', '/v1/thing', headers)
    expect([received[0]?.['ebb-position'], received[0]?.cookie]).toEqual([position, cookie])
  })

  it('that a tool call must see everything, since agents keep no positions', async () => {
    const { url, received } = await start({
      dependencies: { contracts: () => toolContracts },
      upstream: (_request, response) =>
        response.writeHead(200, { 'content-type': 'application/json', 'ebb-revision': '1' }).end('{"id":"1"}'),
    })
    const client = await connectClient(url)
    await client.callTool({ name: 'get-thing', arguments: { params: { id: '1' } } })
    await client.close()
    expect(received.map((headers) => headers['ebb-position'])).toEqual(['latest'])
  })
})

it('is in no response that the gateway keeps for others', async () => {
  const { call, invoked } = await start({
    dependencies: { cache: { store: createMemoryStore({ maxBytes: 1_000_000 }) } },
    upstream: (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json', 'ebb-position': PLACE }).end('{}'),
  })
  const first = await call('GET', '/v1/kept', ORIGIN)
  const second = await call('GET', '/v1/kept', ORIGIN)
  expect([invoked.length, ...told(first), ...told(second)]).toEqual([1, null, [], null, []])
})
