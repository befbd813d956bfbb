import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { request as httpRequest } from 'node:http'
import { buffer, text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import { Agent } from 'undici'
import { untilTrue } from '../../../../test/support/until.ts'
import { sendRaw, testGateway } from '../test-support.ts'

const THING = '/v1/things/1'
const headersOf = (lines: string) => `GET ${THING} HTTP/1.1\r\nHost: api.example:81\r\n${lines}\r\n`
const MIB = Buffer.alloc(1024 * 1024, 'a')

/** A response that has begun, without reading it. */
async function begin(url: string) {
  const call = httpRequest(url).end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  return { call, response }
}

it('200 the function gets the caller’s headers, without those that only the platform may set', async () => {
  let seen: IncomingHttpHeaders = {}
  const { port } = await testGateway({
    upstream: ({ headers }, response) => {
      seen = headers
      response.setHeader('content-length', 0).end()
    },
  })
  const forged = [
    ...['Ebb-Identity: root', 'Ebb-Timeout-Ms: 1', 'Knative-Serving-Tag: a', 'K-Revision: a', 'X-Envoy-Peer: a'],
    ...['Forwarded: for=1.1.1.1', 'X-Forwarded-For: 1.1.1.1', 'X-Forwarded-Proto: https', 'X-Forwarded-User: root'],
    ...['ce-type: a', 'Keep-Alive: timeout=1', 'TE: trailers', 'Proxy-Authorization: a', 'X-Secret: a'],
    ...['Connection: keep-alive, X-Secret', 'X-Kept: é', 'Cookie: a=1', 'X-Twice: 1', 'X-Twice: 2'],
  ]
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const lines = [...forged, 'X-Correlation-Id: abc-12345', `Traceparent: ${trace}`].join('\r\n')
  const answer = await sendRaw(port, headersOf(`${lines}\r\n`))
  expect(answer.status).toBe(200)
  expect(answer.headers['x-correlation-id']).toBe('abc-12345')
  expect(seen).toEqual({
    ...{ host: expect.stringMatching(/^127\.0\.0\.1:\d+$/), connection: 'keep-alive' },
    ...{ 'x-kept': 'é', cookie: 'a=1', 'x-twice': '1, 2', 'x-correlation-id': 'abc-12345', traceparent: trace },
    'ebb-position': '0/0',
    ...{ 'ebb-identity': 'anonymous for get-thing', 'ebb-timeout-ms': expect.stringMatching(/^(9\d{3}|10000)$/) },
    ...{ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'api.example:81' },
    ...{ forwarded: 'for=127.0.0.1;proto=http;host="api.example:81"', via: '1.1 ebb' },
  })
})

it('200 the caller gets the response, without hop-by-hop and internal headers', async () => {
  const { url, lines } = await testGateway({
    upstream: (_request, response) => {
      const set = { 'set-cookie': ['a=1', 'b=2'], 'x-kept': 'é', 'x-correlation-id': 'another', 'x-secret': 'a' }
      const ours = {
        'ebb-cold': 'true',
        'ebb-revision': '7',
        server: 'envoy',
        'x-envoy-upstream-service-time': '3',
        'x-keda-http-cold-start': 'true',
        'x-call-id': 'a',
        'x-start-time': '1',
        'x-duration-seconds': '1',
        connection: 'close, X-Secret',
        'keep-alive': 'timeout=1',
      }
      response.writeHead(201, { ...set, ...ours, 'content-type': 'application/json' }).end('{}')
    },
  })
  const answer = await fetch(url + THING, { headers: { 'x-correlation-id': 'abc-12345' } })
  expect([answer.status, await answer.text(), answer.headers.getSetCookie()]).toEqual([201, '{}', ['a=1', 'b=2']])
  expect(Object.fromEntries(answer.headers)).toEqual({
    ...{ 'content-type': 'application/json', 'x-kept': 'é', 'x-correlation-id': 'abc-12345', 'set-cookie': 'b=2' },
    ...{ vary: 'Authorization, X-API-Key', 'x-content-type-options': 'nosniff' },
    ...{
      connection: 'keep-alive',
      'keep-alive': 'timeout=95',
      'transfer-encoding': 'chunked',
      date: expect.anything(),
    },
  })
  expect(lines.at(-1)).toMatchObject({ msg: 'request', cold: true })
})

it('200 with an upstream path prefix', async () => {
  const { url, invoked } = await testGateway({ prefix: '/function/{name}' })
  await fetch(`${url}${THING}?limit=1`)
  expect(invoked).toEqual([`GET /function/get-thing${THING}?limit=1`])
})

it('200 a response arrives while the function still writes it', async () => {
  const gate = Promise.withResolvers<void>()
  const { url } = await testGateway({
    upstream: async (_request, response) => {
      response.write('first')
      await gate.promise
      response.end('last')
    },
  })
  const { response } = await begin(url + THING)
  const [first] = await once(response, 'data')
  expect(String(first)).toBe('first')
  gate.resolve()
  expect(await text(response)).toBe('last')
})

it('200 a caller that does not read slows the function down, and gets every byte', async () => {
  const full = Promise.withResolvers<void>()
  let accepted = 0
  const { url } = await testGateway({
    upstream: async (_request, response) => {
      for (let i = 0; i < 64; i++) {
        accepted++
        if (response.write(MIB)) continue
        const drained = once(response, 'drain')
        // Where nothing drains for so long, the caller's slowness has come all the way.
        const stuck = setTimeout(full.resolve, 300)
        await drained
        clearTimeout(stuck)
      }
      response.end()
      full.reject(new Error('nothing held the function back'))
    },
  })
  const { response } = await begin(url + THING)
  await full.promise
  expect(accepted).toBeLessThan(32)
  let bytes = 0
  for await (const chunk of response) bytes += chunk.length
  expect(bytes).toBe(64 * MIB.length)
})

it('a caller that never reads is disconnected', async () => {
  const gone = Promise.withResolvers<void>()
  const { url } = await testGateway({
    stallTimeoutMs: 100,
    upstream: (_request, response) => {
      response.on('close', gone.resolve)
      response.write(Buffer.alloc(64 * MIB.length))
    },
  })
  const { call } = await begin(url + THING)
  call.on('error', () => {})
  await gone.promise
})

it.each(['before the response', 'in its middle'])(
  'a caller who hangs up %s ends the call of the function',
  async (when) => {
    const came = Promise.withResolvers<ServerResponse>()
    const gone = Promise.withResolvers<void>()
    const { url, lines } = await testGateway({
      upstream: (_request, response) => {
        response.on('close', gone.resolve)
        if (when !== 'before the answer') response.write('first')
        came.resolve(response)
      },
    })
    const call = httpRequest(url + THING).end()
    call.on('error', () => {})
    await came.promise
    if (when !== 'before the answer') await once(call, 'response')
    call.destroy()
    await gone.promise
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'request', status: when === 'before the answer' ? 499 : 200 }),
    )
  },
)

it('a function that breaks off in its response breaks the connection', async () => {
  const { url, lines } = await testGateway({
    upstream: (_request, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('first', () => response.destroy())
    },
  })
  const { response } = await begin(url + THING)
  await expect(buffer(response)).rejects.toThrow('aborted')
  expect(lines).toContainEqual(
    expect.objectContaining({ msg: 'the connection to a function failed while it responded', function: 'get-thing' }),
  )
})

it('502 a function that breaks off before its response', async () => {
  const { url, shortCircuits } = await testGateway({ upstream: (request) => request.socket.destroy() })
  const answer = await fetch(url + THING)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([502, 'application/problem+json'])
  expect(await answer.json()).toMatchObject({
    error: 'bad_gateway',
    correlationId: answer.headers.get('x-correlation-id'),
  })
  expect(shortCircuits).toEqual([])
})

it('503 with Retry-After where no server listens', async () => {
  const dispatcher = new Agent()
  // No server listens on port 1 of this machine, and the refusal comes at once.
  const upstream = { dispatcher, locate: () => ({ origin: 'http://127.0.0.1:1', prefix: '' }), startTimeoutMs: 5_000 }
  const { url, lines } = await testGateway({ dependencies: { upstream } })
  const answer = await fetch(url + THING)
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])
  expect(await answer.json()).toMatchObject({ error: 'unavailable' })
  expect(lines).toContainEqual(expect.objectContaining({ err: expect.objectContaining({ code: 'ECONNREFUSED' }) }))
  await dispatcher.destroy()
})

it('502 a response that is not HTTP', async () => {
  const { url } = await testGateway({ upstream: ({ socket }) => void socket.end('hello\r\n\r\n') })
  expect((await fetch(url + THING)).status).toBe(502)
})

it('504 the time is over before the function is called, which is counted as a response of the gateway', async () => {
  const sign = async () => {
    await delay(150)
    return 'late'
  }
  const { url, invoked, shortCircuits } = await testGateway({ dependencies: { sign } })
  const answer = await fetch(`${url}/v1/slow`)
  expect([answer.status, await answer.json()]).toEqual([504, expect.objectContaining({ error: 'deadline_exceeded' })])
  expect([invoked, shortCircuits]).toEqual([[], ['deadline_exceeded']])
})

it('504 no response in time, with the time that a start may take', async () => {
  const { url, shortCircuits } = await testGateway({ startTimeoutMs: 100, upstream: () => {} })
  const began = performance.now()
  const answer = await fetch(`${url}/v1/slow`)
  expect([answer.status, await answer.json()]).toEqual([504, expect.objectContaining({ error: 'deadline_exceeded' })])
  expect(performance.now() - began).toBeGreaterThan(190)
  expect(shortCircuits).toEqual([])
})

it.each([
  [502, 'bad_gateway'],
  [503, 'unavailable'],
  [504, 'deadline_exceeded'],
])('%i of a proxy becomes a Problem of the gateway', async (status, error) => {
  const { url } = await testGateway({
    upstream: (_request, response) => {
      response.writeHead(status, { 'retry-after': '7', 'content-type': 'text/plain' }).end('activator overload')
    },
  })
  const answer = await fetch(url + THING)
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, '7'])
  expect(await answer.json()).toMatchObject({ status, error })
})

it('503 of the function itself is passed through unchanged', async () => {
  const body = '{"status":503,"error":"sold_out"}'
  const { url } = await testGateway({
    upstream: (_request, response) => {
      response.writeHead(503, { 'content-type': 'application/problem+json' }).end(body)
    },
  })
  expect(await (await fetch(url + THING)).text()).toBe(body)
})

it.each([204, 304])('%i has no body', async (status) => {
  const { url } = await testGateway({ upstream: (_request, response) => void response.writeHead(status).end() })
  const answer = await fetch(url + THING)
  expect([answer.status, await answer.text()]).toEqual([status, ''])
})

it('200 HEAD has the length of the body, and none', async () => {
  const { url } = await testGateway({
    upstream: (_request, response) => void response.setHeader('content-length', 5).end(),
  })
  const answer = await fetch(url + THING, { method: 'HEAD' })
  expect([answer.headers.get('content-length'), await answer.text()]).toEqual(['5', ''])
})

it('200 behind a trusted proxy the function gets the client’s address, scheme and host', async () => {
  let seen: IncomingHttpHeaders = {}
  const { url } = await testGateway({
    trustedHops: 1,
    upstream: ({ headers }, response) => {
      seen = headers
      response.end('{}')
    },
  })
  const forged = {
    'x-forwarded-for': '6.6.6.6, 192.0.2.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'api.example',
  }
  await fetch(`${url}/v1/things/1`, { headers: forged })
  expect(seen).toMatchObject({ ...forged, 'x-forwarded-for': '192.0.2.1' })
})

it('431 a key with more scopes than fit into a request to a function', async () => {
  const { url, invoked, shortCircuits } = await testGateway({
    dependencies: { sign: async () => 'a'.repeat(41_000) },
  })
  const answer = await fetch(`${url}/v1/things/1`)
  expect([answer.status, await answer.json()]).toEqual([431, expect.objectContaining({ error: 'headers_too_large' })])
  expect([invoked, shortCircuits]).toEqual([[], ['headers_too_large']])
})

it('503 at once for a request beyond the function’s limit; the others are served', async () => {
  const gate = Promise.withResolvers<void>()
  const { url, shed, shortCircuits, invoked } = await testGateway({
    upstream: async (_request, response) => {
      await gate.promise
      response.end('{}')
    },
  })
  const room = 11
  const answers = Array.from({ length: room }, () => fetch(`${url}/v1/one`))
  await untilTrue(() => invoked.length === room)
  const refused = await fetch(`${url}/v1/one`)
  expect([refused.status, refused.headers.get('retry-after'), shed, shortCircuits]).toEqual([
    ...[503, '1', ['function'], ['unavailable']],
  ])
  gate.resolve()
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(room).fill(200))
  expect((await fetch(`${url}/v1/one`)).status).toBe(200)
  expect(invoked).toHaveLength(room + 1)
})
