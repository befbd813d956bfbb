import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, it } from '@jest/globals'
import { pollInvocations } from './index.ts'
import { asksForInvocations } from './web-adapter.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  closers.push(() => server.close().closeAllConnections())
  await once(server, 'listening')
  // A server that listens on a port has an address.
  return (server.address() as AddressInfo).port
}

interface Posted {
  readonly what: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly trailers: IncomingMessage['trailers']
}

interface InvokeOptions {
  readonly limitMs?: number
  readonly streams?: boolean
}

/** Has events handled by a function that is this listener; resolves to what the runtime interface is told of each. */
async function invokeAll(
  events: readonly unknown[],
  listener: RequestListener,
  { limitMs = 10_000, streams = false }: InvokeOptions = {},
): Promise<readonly Posted[]> {
  const port = await listen(listener)
  const all = Promise.withResolvers<readonly Posted[]>()
  const [waiting, posted]: [unknown[], Posted[]] = [[...events], []]
  const runtime = async (request: IncomingMessage, response: ServerResponse) => {
    const what = request.url?.split('/').at(-1) ?? ''
    if (what !== 'next') {
      const body = await text(request)
      posted.push({ what, headers: request.headers, body, trailers: request.trailers })
      response.writeHead(202).end()
      if (posted.length === events.length) all.resolve(posted)
      return
    }
    // One more waits, as on the platform.
    if (waiting.length === 0) return
    const headers = { 'lambda-runtime-aws-request-id': 'id-1', 'lambda-runtime-deadline-ms': Date.now() + limitMs }
    response.writeHead(200, headers).end(JSON.stringify(waiting.shift()))
  }
  const runtimePort = await listen((request, response) => void runtime(request, response))
  pollInvocations({ api: `127.0.0.1:${runtimePort}`, port, streams }).catch(() => {})
  return all.promise
}

/** The same for one event. */
async function invoke(event: unknown, listener: RequestListener, options: InvokeOptions = {}): Promise<Posted> {
  const [posted] = await invokeAll([event], listener, options)
  // One event, one result.
  return posted as Posted
}

const event = (parts: object = {}) => ({
  ...{ version: '2.0', rawPath: '/v1/things', rawQueryString: 'a=1&a=2', isBase64Encoded: false },
  headers: {
    host: 'x.lambda-url.example',
    'content-length': '99',
    connection: 'close',
    trailer: 'x-sum',
    'x-many': 'one,two',
  },
  requestContext: { http: { method: 'POST' } },
  ...parts,
})

it('makes a request of an event, and a result of the response', async () => {
  let seen: Partial<IncomingMessage> & { body?: string } = {}
  const { what, body } = await invoke(
    event({ cookies: ['a=1', 'b=2'], body: Buffer.from('hüh').toString('base64'), isBase64Encoded: true }),
    async (request, response) => {
      seen = { url: request.url ?? '', headers: request.headers, body: await text(request) }
      response
        .writeHead(201, { 'set-cookie': ['c=3', 'd=4'], 'content-type': 'application/problem+json' })
        .end('{"ö":1}')
    },
  )
  expect(seen).toMatchObject({
    ...{ url: '/v1/things?a=1&a=2', body: 'hüh' },
    headers: { host: 'x.lambda-url.example', cookie: 'a=1; b=2', 'x-many': 'one,two', 'content-length': '4' },
  })
  expect(what).toBe('response')
  expect(JSON.parse(body)).toMatchObject({
    ...{ statusCode: 201, cookies: ['c=3', 'd=4'], body: '{"ö":1}', isBase64Encoded: false },
    headers: { 'content-type': 'application/problem+json' },
  })
})

it('hands bytes over as Base64', async () => {
  const bytes = Buffer.from([0, 255, 128])
  const { body } = await invoke(event(), (_, response) => void response.end(bytes))
  expect(JSON.parse(body)).toMatchObject({ body: bytes.toString('base64'), isBase64Encoded: true })
})

it.each([[{ Records: [{ eventSource: 'aws:sqs' }] }], [event({ version: '1.0' })], [null]])(
  'refuses %j with a sentence',
  async (other) => {
    const { what, headers, body } = await invoke(other, (_, response) => void response.end())
    expect([what, headers['lambda-runtime-function-error-type']]).toEqual(['error', 'Ebb.NoHttpEvent'])
    expect(JSON.parse(body).errorMessage).toMatch(
      /no HTTP event of version 2\.0: invoke the function by a function URL/,
    )
  },
)

it('answers 504 when the time of an invocation is nearly over, and ends the request', async () => {
  const hungUp = Promise.withResolvers<void>()
  const { body } = await invoke(event(), (request) => void request.on('close', () => hungUp.resolve()), {
    limitMs: 250,
  })
  expect(JSON.parse(body)).toMatchObject({ statusCode: 504, body: expect.stringContaining('deadline_exceeded') })
  await hungUp.promise
})

it('answers 502 where the function breaks off', async () => {
  const { body } = await invoke(event(), (request) => void request.socket.destroy())
  expect(JSON.parse(body)).toMatchObject({ statusCode: 502, body: expect.stringContaining('bad_gateway') })
  const half = await invoke(event(), (_, response) => {
    response.writeHead(200, { 'content-length': '10' })
    response.write('half', () => response.destroy())
  })
  expect(JSON.parse(half.body)).toMatchObject({ statusCode: 502 })
})

it('sends each request on a connection of its own: one that was kept may have ended while the process was frozen', async () => {
  const connections = new Set<unknown>()
  const posted = await invokeAll([event(), event()], ({ socket }, response) => {
    if (connections.has(socket)) return void socket.destroy()
    connections.add(socket)
    response.end('{}')
  })
  expect(posted.map(({ body }) => JSON.parse(body).statusCode)).toEqual([200, 200])
})

it('streams: the head, eight zero bytes, the body; one that is cut is told in the trailers', async () => {
  const whole = await invoke(event(), (_, response) => void response.writeHead(200, { 'x-a': '1' }).end('lines'), {
    streams: true,
  })
  expect(whole.headers['lambda-runtime-function-response-mode']).toBe('streaming')
  const [head = '', rest] = whole.body.split('\0'.repeat(8))
  expect([JSON.parse(head).statusCode, JSON.parse(head).headers['x-a'], rest]).toEqual([200, '1', 'lines'])
  expect(whole.trailers).toEqual({})
  const cut = await invoke(
    event(),
    (_, response) => {
      response.writeHead(200)
      response.write('half', () => response.destroy())
    },
    { streams: true },
  )
  expect(cut.trailers['lambda-runtime-function-error-type']).toBe('Ebb.Cut')
})

it.each([
  ['is not on AWS Lambda', { AWS_LAMBDA_RUNTIME_API: undefined, AWS_LWA_PORT: undefined }, '/none', false],
  ['is there alone', { AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001', AWS_LWA_PORT: undefined }, '/none', true],
  ['is behind the web adapter', { AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001', AWS_LWA_PORT: 8080 }, '/none', false],
  [
    'has it in its image',
    { AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001', AWS_LWA_PORT: undefined },
    process.execPath,
    false,
  ],
])('a function that %s: whether it asks for invocations', (_where, settings, program, asks) => {
  expect(asksForInvocations(settings, program)).toBe(asks)
})
