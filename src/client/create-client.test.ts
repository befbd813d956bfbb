import { describe, expect, it } from '@jest/globals'
import { build } from 'esbuild'
import { PLATFORM_CODES } from '../contract/index.ts'
import { createClient, type PlatformCode } from './index.ts'
import {
  countOrders,
  hangUp,
  json,
  listOrders,
  never,
  placeOrder,
  refusal,
  removeOrders,
  scriptedServer,
} from './test-support.ts'

const server = await scriptedServer()
const { baseUrl, requests, respondWith } = server
const order = { id: '1', sku: 'anchor' }
const client = createClient({ placeOrder, listOrders, countOrders, removeOrders }, { baseUrl, key: 'k', retries: 0 })
const place = (parts: object = {}) => client.placeOrder({ params: { shop: 's' }, body: { sku: 'anchor' }, ...parts })

describe('a call is sent', () => {
  it('with its parameters encoded, arrays repeated, and plain types as text', async () => {
    respondWith(json(201, order))
    await place({
      params: { shop: 'a b/ü?' },
      query: { dry: false, n: 1.5, tag: ['x&y', 'z'], absent: undefined },
      headers: { 'x-region': 'eu' },
    })
    expect(requests[0]).toMatchObject({ method: 'POST', body: '{"sku":"anchor"}' })
    expect(requests[0]?.url).toBe('/v1/shops/a%20b%2F%C3%BC%3F/orders?dry=false&n=1.5&tag=x%26y&tag=z')
    expect(requests[0]?.headers).toMatchObject({ 'x-region': 'eu', 'content-type': 'application/json' })
    expect(requests[0]?.headers.authorization).toBe('Bearer k')
    expect(requests[0]?.headers['x-correlation-id']).toMatch(/^[\w-]{36}$/)
  })

  it('with an Idempotency-Key where the contract asks for one, and nowhere else', async () => {
    respondWith(json(201, order), json(201, order), json(201, order), json(200, []))
    await place()
    await place()
    await place({ idempotencyKey: 'mine', correlationId: 'call-0001' })
    await client.countOrders()
    const keys = requests.map(({ headers }) => headers['idempotency-key'])
    expect(keys[0]).toMatch(/^[\w-]{36}$/)
    expect(new Set(keys).size).toBe(4)
    expect(keys.slice(2)).toEqual(['mine', undefined])
    expect(requests[2]?.headers['x-correlation-id']).toBe('call-0001')
  })

  it('below the path of its baseUrl', async () => {
    respondWith(json(200, []))
    await createClient({ listOrders }, { baseUrl: `${baseUrl}/api/` }).listOrders()
    expect(requests[0]?.url).toBe('/api/v1/orders')
    expect(requests[0]?.headers.authorization).toBeUndefined()
  })

  it.each(['.', '..', '', '\ud800'])('never with the path parameter %j, which would lead elsewhere', async (shop) => {
    expect(await place({ params: { shop } })).toMatchObject({
      ...{ ok: false, error: 'invalid_request', status: 400, details: [{ path: 'params.shop' }] },
    })
    expect(requests).toEqual([])
  })

  it('never with a header that HTTP cannot carry', async () => {
    const result = await place({ headers: { 'x-region': 'eu\r\nx: y' } })
    expect(result).toMatchObject({ error: 'invalid_request', details: [{ path: 'headers.x-region' }] })
    expect(requests).toEqual([])
  })

  it('by a custom fetch, and with contracts that are data only', async () => {
    const data = { name: 'get-thing', method: 'GET', path: '/v1/things/{id}' } as const
    const fetched: string[] = []
    const fetch = async (url: string) => {
      fetched.push(url)
      return Response.json({ a: 1 })
    }
    const { getThing } = createClient({ getThing: data }, { baseUrl: 'https://x.test', fetch })
    const call = { params: { id: 7 } }
    expect(await getThing(call)).toMatchObject({ ok: true, status: 200, data: { a: 1 } })
    expect(fetched).toEqual(['https://x.test/v1/things/7'])
  })
})

describe('the result of a call', () => {
  it('201 is its data, status and headers', async () => {
    respondWith(json(201, order, { location: '/v1/orders/1', 'x-correlation-id': 'c' }))
    const result = await place()
    expect(result).toMatchObject({ ok: true, status: 201, data: order, correlationId: 'c' })
    expect(result.ok && result.headers.get('location')).toBe('/v1/orders/1')
  })

  it('204 has no data', async () => {
    respondWith((response) => void response.writeHead(204).end())
    expect(await client.removeOrders()).toMatchObject({ ok: true, status: 204, data: undefined })
  })

  it('a refusal has all members of the problem', async () => {
    const details = [{ path: 'body.sku', message: 'Gone' }]
    respondWith(json(409, { error: 'out_of_stock', message: 'Sold out.', details }, { 'retry-after': '7' }))
    expect(await place({ correlationId: 'call-0001' })).toEqual({
      ...{ ok: false, error: 'out_of_stock', status: 409, message: 'Sold out.', details, retryAfterSeconds: 7 },
      correlationId: 'call-0001',
    })
  })

  it('a refusal has the data that its contract declares', async () => {
    respondWith(json(409, { error: 'out_of_stock', message: 'Few.', data: { left: 2 } }))
    expect(await place()).toMatchObject({ ok: false, error: 'out_of_stock', status: 409, data: { left: 2 } })
  })

  it('quotes the problem of a proxy', async () => {
    const problem = { type: 'about:blank', title: 'Bad Gateway', status: 502, detail: 'The upstream is gone.' }
    respondWith(json(502, problem, { 'content-type': 'application/problem+json' }))
    const result = await client.countOrders()
    expect(result).toMatchObject({ ok: false, error: 'unexpected_answer', status: 502 })
    expect(!result.ok && result.message).toContain('The upstream is gone')
  })

  it.each([
    ['a page of a proxy', (r: Parameters<typeof hangUp>[0]) => void r.writeHead(403).end('<html>'), 403],
    ['a page in place of data', (r: Parameters<typeof hangUp>[0]) => void r.writeHead(201).end('<html>'), 201],
    ['nothing in place of data', (r: Parameters<typeof hangUp>[0]) => void r.writeHead(201).end(), 201],
    ['another status than declared', json(200, order), 200],
    ['a redirect', json(302, order, { location: '/elsewhere' }), 302],
    ['a code that this client does not know', refusal(402, 'card_declined'), 402],
    ['the code `toString`', refusal(400, 'toString'), 400],
    ['JSON that is no object', json(400, null), 400],
  ])('%s is unexpected_answer', async (_, responder, status) => {
    respondWith(responder)
    expect(await place()).toMatchObject({ ok: false, error: 'unexpected_answer', status })
    expect(requests).toHaveLength(1)
  })

  it('network where no server listens or the connection breaks', async () => {
    const unreachable = createClient({ listOrders }, { baseUrl: 'http://127.0.0.1:1', retries: 0 })
    expect(await unreachable.listOrders()).toMatchObject({ ok: false, error: 'network', cause: expect.anything() })
    respondWith(hangUp)
    expect(await client.listOrders()).toMatchObject({ ok: false, error: 'network' })
    respondWith((response) => {
      response.writeHead(200, { 'content-length': '100' }).write('[')
      setImmediate(() => response.destroy())
    })
    expect(await client.listOrders()).toMatchObject({ ok: false, error: 'network' })
  })

  it('timeout where no response comes in time, or not all of it', async () => {
    respondWith(never, (response) => void response.writeHead(200).write('['))
    expect(await client.listOrders({ timeoutMs: 50 })).toMatchObject({ ok: false, error: 'timeout' })
    expect(await client.listOrders({ timeoutMs: 50 })).toMatchObject({ ok: false, error: 'timeout' })
  })

  it('aborted where the caller aborts it', async () => {
    respondWith(never)
    const controller = new AbortController()
    const pending = client.listOrders({ signal: controller.signal })
    controller.abort()
    expect(await pending).toMatchObject({ ok: false, error: 'aborted' })
    expect(await client.listOrders({ signal: AbortSignal.abort() })).toMatchObject({ ok: false, error: 'aborted' })
  })
})

describe('it throws for', () => {
  it.each(['orders', 'ftp://x', 'https://x/?a=1'])('the baseUrl %s', (url) => {
    expect(() => createClient({}, { baseUrl: url })).toThrow(TypeError)
  })

  it('a path parameter that is missing', async () => {
    await expect(place({ params: {} })).rejects.toThrow('place-order needs params.shop')
  })
})

// By its type this names each PlatformCode and nothing else.
const CODES: Readonly<Record<PlatformCode, true>> = {
  bad_request: true,
  invalid_request: true,
  unauthenticated: true,
  forbidden: true,
  tenant_required: true,
  https_required: true,
  not_found: true,
  not_cached: true,
  method_not_allowed: true,
  request_timeout: true,
  payload_too_large: true,
  unsupported_media_type: true,
  expectation_failed: true,
  headers_too_large: true,
  rate_limited: true,
  in_progress: true,
  idempotency_mismatch: true,
  caller_gone: true,
  call_cancelled: true,
  ...{ invalid_signature: true, signature_expired: true, webhook_replayed: true },
  ...{ invalid_operation: true, operation_too_large: true, operation_too_deep: true },
  ...{ operation_too_costly: true, operation_not_known: true },
  internal: true,
  bad_gateway: true,
  unavailable: true,
  deadline_exceeded: true,
  outcome_unknown: true,
  precondition_failed: true,
  precondition_required: true,
  upgrade_required: true,
  invalid_patch: true,
}

describe('the client', () => {
  it('has a type for each code of the platform, and for no other', () => {
    expect(new Set(Object.keys(CODES))).toEqual(PLATFORM_CODES)
  })

  it('bundles neither zod nor a module of Node, for browsers too', async () => {
    const { metafile } = await build({
      ...{ entryPoints: ['src/client/index.ts'], bundle: true, write: false, metafile: true, outdir: 'unused' },
      ...{ platform: 'browser', format: 'esm', logLevel: 'silent' },
    })
    const others = Object.keys(metafile.inputs).filter((file) => !file.startsWith('src/client/'))
    const ofContracts = [
      'patch/media-types',
      'problem',
      'schema/header-list',
      'schema/schema-def',
      'schema/text-kinds',
      'streams/reply-stream',
    ]
    expect(others.sort()).toEqual([
      ...ofContracts.map((name) => `src/contract/${name}.ts`),
      ...['src/protocol/position.ts', 'src/protocol/retry.ts', 'src/protocol/write-request.ts'],
    ])
  })
})
