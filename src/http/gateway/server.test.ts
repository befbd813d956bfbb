import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { expect, it } from '@jest/globals'
import { Problem } from '../../contract/index.ts'
import { drain } from '../../kernel/index.ts'
import { openRawConnection, testGateway } from './test-support.ts'

const GET = 'GET /v1/things/1 HTTP/1.1\r\nHost: h\r\n\r\n'

const NOT_INVOKED = { invoked: undefined, cold: undefined, revision: undefined, waitSeconds: undefined }

it('one log line and one measurement per request', async () => {
  const { url, lines, answered } = await testGateway()
  await fetch(`${url}/v1/things/1?limit=1`, { headers: { 'x-correlation-id': 'abc-12345' } })
  await fetch(`${url}/v1/nothing?secret=1`)
  expect(lines).toEqual([
    {
      ...{ msg: 'request', function: 'get-thing', route: '/v1/things/{id}', method: 'GET', path: '/v1/things/1' },
      ...{ status: 200, durationMs: expect.any(Number), correlationId: 'abc-12345', caller: 'anonymous', bytes: 2 },
      client: '127.0.0.1',
      ...{ traceId: expect.stringMatching(/^[0-9a-f]{32}$/), cold: false, reason: undefined },
    },
    {
      ...{ msg: 'request', function: undefined, route: undefined, method: 'GET', path: '/v1/nothing', status: 404 },
      ...{ durationMs: expect.any(Number), correlationId: expect.any(String), caller: 'anonymous' },
      client: '127.0.0.1',
      ...{ traceId: expect.any(String), cold: undefined, reason: 'not_found', bytes: expect.any(Number) },
    },
  ])
  expect(answered).toEqual([
    {
      ...{ route: '/v1/things/{id}', method: 'GET', status: 200, seconds: expect.any(Number) },
      ...{ invoked: 'get-thing', cold: false, revision: undefined, waitSeconds: expect.any(Number) },
      ...{ name: 'get-thing', plan: undefined, tenant: undefined, bytes: 2, resource: expect.any(Number) },
      deferred: false,
    },
    {
      ...{ route: 'none', method: 'GET', status: 404, seconds: expect.any(Number), ...NOT_INVOKED },
      ...{ bytes: expect.any(Number), deferred: false },
    },
  ])
})

it('a complete request is answered, whatever garbage follows it', async () => {
  const gate = Promise.withResolvers<void>()
  const came = Promise.withResolvers<void>()
  const { port } = await testGateway({
    upstream: async (_request, response) => {
      came.resolve()
      await gate.promise
      response.setHeader('content-length', 2).end('{}')
    },
  })
  const connection = await openRawConnection(port)
  connection.send(GET)
  await came.promise
  connection.send('\0garbage\r\n\r\n')
  gate.resolve()
  expect(await connection.answer()).toMatchObject({ status: 200, headers: { connection: 'close' } })
  expect(await connection.closed()).toBe('')
})

it('pipelined requests are answered in their order', async () => {
  const { port } = await testGateway()
  const connection = await openRawConnection(port)
  connection.send(GET.replace('things/1', 'nothing') + GET + GET.replace('things', 'things/'))
  const statuses = [await connection.answer(), await connection.answer(), await connection.answer()]
  expect(statuses.map(({ status }) => status)).toEqual([404, 200, 400])
})

const POST = 'POST /v1/mails HTTP/1.1\r\nHost: h\r\nX-API-Key: full\r\n\r\n'

/** A gateway whose functions wait for `open`, and when the first request is there. */
async function heldGateway() {
  const gate = Promise.withResolvers<void>()
  const came = Promise.withResolvers<void>()
  const gateway = await testGateway({
    upstream: async (_request, response) => {
      came.resolve()
      await gate.promise
      response.setHeader('content-length', 2).end('{}')
    },
  })
  return { ...gateway, came: came.promise, open: gate.resolve }
}

it.each([
  ['garbage', '\0garbage\r\n\r\n'],
  ['CONNECT', 'CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n'],
])('%s after a pending POST and a GET ends the connection with their responses', async (_name, rest) => {
  const { port, came, open } = await heldGateway()
  const connection = await openRawConnection(port)
  connection.send(POST + GET.replace('things/1', 'nothing'))
  await came
  connection.send(rest)
  open()
  const answers = [await connection.answer(), await connection.answer()]
  expect(answers.map(({ status, headers }) => [status, headers.connection])).toEqual([
    [200, 'keep-alive'],
    [404, 'close'],
  ])
  expect(await connection.closed()).toBe('')
})

it('a pipelined request has no effect where the response before it is the last', async () => {
  const held = Promise.withResolvers<void>()
  const key = async () => {
    await held.promise
    throw new Problem('unavailable', 503, 'No.', { headers: { connection: 'close' } })
  }
  const { port, url, invoked } = await testGateway({ dependencies: { authenticate: { key } } })
  const connection = await openRawConnection(port)
  connection.send(POST + GET)
  // Long enough for a request to reach its function.
  await fetch(`${url}/v1/things/2`)
  held.resolve()
  expect(await connection.answer()).toMatchObject({ status: 503, headers: { connection: 'close' } })
  expect(await connection.closed()).toBe('')
  expect(invoked).toEqual(['GET /v1/things/2'])
})

it.each(['', 'GET /v1/nothing HTT'])(
  'a request that asks for another protocol is the last on its connection: %j',
  async (half) => {
    const { port, invoked, came, open } = await heldGateway()
    const connection = await openRawConnection(port)
    connection.send(POST.replace('X-', 'Connection: Upgrade\r\nUpgrade: h2c\r\nX-') + GET + half)
    await came
    connection.send(GET)
    open()
    expect(await connection.answer()).toMatchObject({ status: 200, headers: { connection: 'close' } })
    expect(await connection.closed()).toBe('')
    expect(invoked).toEqual(['POST /v1/mails'])
  },
)

it('503 on a connection beyond the limit, except for probes; it closes', async () => {
  const { port, shed } = await testGateway({ maxConnections: 1 })
  const first = await openRawConnection(port)
  const second = await openRawConnection(port)
  second.send(GET)
  expect(await second.answer()).toMatchObject({ status: 503, headers: { 'retry-after': '1', connection: 'close' } })
  expect(await second.closed()).toBe('')
  expect(shed).toEqual(['connections'])
  const probe = await openRawConnection(port)
  probe.send(GET.replace('v1/things/1', '_/health'))
  expect((await probe.answer()).status).toBe(200)
  first.send(GET)
  expect((await first.answer()).status).toBe(200)
})

it('431 for 2,001 short headers: none is dropped silently', async () => {
  const { port } = await testGateway()
  const connection = await openRawConnection(port)
  connection.send(GET.replace('\r\n\r\n', `\r\n${'a:\r\n'.repeat(2_001)}\r\n`))
  expect((await connection.answer()).status).toBe(431)
})

it('draining loses no request, and closes each connection with its response', async () => {
  const gate = Promise.withResolvers<void>()
  const came = Promise.withResolvers<void>()
  const { url, port, server } = await testGateway({
    upstream: async (_request, response) => {
      came.resolve()
      await gate.promise
      response.end('{}')
    },
  })
  const waiting = openRawConnection(port)
  const call = httpRequest(`${url}/v1/things/1`).end()
  await came.promise
  const drained = drain(server, { quietMs: 1_000 })
  const late = await waiting
  late.send(GET)
  gate.resolve()
  const [response] = await once(call, 'response')
  response.resume()
  expect(response.statusCode).toBe(200)
  expect((await late.answer()).headers.connection).toBe('close')
  expect(await late.closed()).toBe('')
  await drained
})

it('a response that cannot be sent breaks its connection only', async () => {
  const broken = {
    status: 'finished',
    response: { status: 201, headers: { location: 'a\r\nb' }, body: Buffer.alloc(0) },
  } as const
  const { url, lines } = await testGateway({ dependencies: { findStoredResponse: async () => broken } })
  const headers = { 'content-type': 'application/json', 'x-api-key': 'full', 'idempotency-key': 'k' }
  await expect(fetch(`${url}/v1/things`, { method: 'POST', body: '{"name":"a"}', headers })).rejects.toThrow()
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'a response cannot be sent' }))
  expect((await fetch(`${url}/v1/things/1`)).status).toBe(200)
})

it('a caller that hangs up before its refusal is sent does no harm', async () => {
  const { url, port } = await testGateway({ lingerMs: 50 })
  const head =
    'PUT /v1/notes/1 HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'
  for (let i = 0; i < 20; i++) {
    const connection = await openRawConnection(port)
    connection.send(`${head}200000\r\n${'a'.repeat(2 * 1024 * 1024)}`)
    if (i % 2) await connection.answer()
    connection.socket.destroy()
  }
  expect((await fetch(`${url}/v1/things/1`)).status).toBe(200)
})
