import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import { Agent, WebSocket } from 'undici'
import { type WebSocket as ServerConnection, WebSocketServer } from 'ws'
import * as z from 'zod'
import { untilTrue } from '../../../test/support/until.ts'
import { contractSet, endpoint } from '../../contract/index.ts'
import { listenForTest, openRawConnection, testGateway } from './test-support.ts'
import { createTunnels } from './upstream/tunnels.ts'

const common = { method: 'GET', reply: { status: 101 }, params: z.object({ room: z.string().max(8) }) } as const
const contracts = contractSet(
  {
    chat: endpoint({
      ...{ ...common, name: 'chat', summary: 'Talks.', path: '/v1/rooms/{room}', upgrade: { subprotocols: ['chat'] } },
      query: z.object({ from: z.string().optional() }),
      access: { anonymous: true },
    }),
    secret: endpoint({
      ...{ ...common, name: 'secret', summary: 'Whispers.', path: '/v1/secrets/{room}', upgrade: true },
      access: { scopes: ['secrets:read'], owner: true },
    }),
    plain: endpoint({
      ...{ name: 'plain', summary: 'Reads.', method: 'GET', path: '/v1/plain', access: { anonymous: true } },
      reply: { status: 200, body: z.object({}) },
    }),
  },
  {},
)

const MIB = 1024 * 1024

/** Sends as much as is taken; resolves to how many bytes that was, once no more is for some time. */
async function pour(connection: Pick<ServerConnection, 'send'>) {
  for (let bytes = 0; bytes < 64 * MIB; bytes += MIB) {
    const sent = new Promise<void>((resolve) => connection.send(Buffer.alloc(MIB), () => resolve()))
    const isStuck = await Promise.race([sent, delay(300, 'stuck')])
    if (isStuck) return bytes
  }
  throw new Error('nothing held the function back')
}

/** A gateway before a function that speaks WebSocket, and answers each message with the same. */
async function setUp({ corsOrigins = [] as readonly string[], refuses = 0 } = {}) {
  const requests: { url: string | undefined; headers: Readonly<Record<string, unknown>> }[] = []
  const server = createServer((request, response) => {
    requests.push({ url: request.url, headers: request.headers })
    response.setHeader('ebb-revision', '1').end('{}')
  })
  const flood = Promise.withResolvers<number>()
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 2 ** 20 })
  server.on('upgrade', (request, socket, head) => {
    requests.push({ url: request.url, headers: request.headers })
    if (refuses > 0) {
      const lines = ['HTTP/1.1 403 Forbidden', 'Ebb-Revision: 1', 'Content-Length: 2', 'Connection: close', '', '{}']
      return void socket.end(lines.join('\r\n'))
    }
    sockets.handleUpgrade(request, socket, head, (connection) => {
      connection.on('message', (data, isBinary) => {
        if (String(data) === 'close') connection.close(4_001, 'bye')
        else if (String(data) === 'crash') connection.terminate()
        else if (String(data) === 'flood') pour(connection).then(flood.resolve, flood.reject)
        else connection.send(data, { binary: isBinary })
      })
    })
  })
  sockets.on('headers', (headers) => void headers.push('Ebb-Revision: 1', 'X-Custom: a', 'Server: function'))
  const port = await listenForTest(server)
  const tunnels = createTunnels()
  const dispatcher = new Agent({ pipelining: 0 })
  const gateway = await testGateway({
    dependencies: {
      ...{ contracts: () => contracts, corsOrigins },
      upstream: {
        ...{ dispatcher, tunnels, startTimeoutMs: 5_000 },
        locate: () => ({ origin: `http://127.0.0.1:${port}`, prefix: '' }),
      },
    },
  })
  const open = async (path = '/v1/rooms/7', options: ConstructorParameters<typeof WebSocket>[1] = {}) => {
    const socket = new WebSocket(gateway.url.replace('http', 'ws') + path, options)
    socket.binaryType = 'arraybuffer'
    const messages: unknown[] = []
    const closed = Promise.withResolvers<{ code: number; reason: string }>()
    const opened = Promise.withResolvers<boolean>()
    socket.addEventListener('open', () => opened.resolve(true))
    socket.addEventListener('error', () => opened.resolve(false))
    socket.addEventListener('message', ({ data }) => void messages.push(data))
    socket.addEventListener('close', ({ code, reason }) => closed.resolve({ code, reason }))
    return { socket, messages, closed: closed.promise, isOpen: await opened.promise }
  }
  return { ...gateway, requests, tunnels, open, flood: flood.promise }
}

const HANDSHAKE = (path: string, more = '') =>
  `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
  `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`

it('101 messages pass both ways, texts and bytes, short and long, and so does the end', async () => {
  const { open, requests, tunnels, lines } = await setUp()
  const { socket, messages, closed, isOpen } = await open('/v1/rooms/7?from=a', ['chat'])
  expect([isOpen, socket.protocol, tunnels.counts().get('chat')]).toEqual([true, 'chat', 1])
  expect(requests).toMatchObject([{ url: '/v1/rooms/7?from=a', headers: { 'ebb-identity': 'anonymous for chat' } }])
  expect(Number(requests[0]?.headers['ebb-timeout-ms'])).toBeGreaterThan(290_000)
  const long = 'é'.repeat(200_000)
  socket.send('hello')
  socket.send(long)
  socket.send(Uint8Array.of(1, 2, 3))
  await untilTrue(() => messages.length === 3)
  expect(messages).toEqual(['hello', long, Uint8Array.of(1, 2, 3).buffer])
  socket.send('close')
  expect(await closed).toEqual({ code: 4_001, reason: 'bye' })
  await untilTrue(() => tunnels.counts().size === 0 && lines.some(({ msg }) => msg === 'request'))
  expect(lines.at(-1)).toMatchObject({ msg: 'request', status: 101, function: 'chat' })
})

it('101 without the headers that are not the caller’s', async () => {
  const { port } = await setUp()
  const connection = await openRawConnection(port)
  connection.send(HANDSHAKE('/v1/rooms/7'))
  const { status, headers } = await connection.answer()
  expect(status).toBe(101)
  expect(headers).toMatchObject({
    ...{ upgrade: 'websocket', connection: 'Upgrade', 'x-custom': 'a' },
    ...{ 'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=', 'x-correlation-id': expect.anything() },
  })
  expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['ebb-revision']))
  expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['server']))
  expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['transfer-encoding']))
})

it.each([
  ['426 no wish to upgrade', 'GET /v1/rooms/7 HTTP/1.1\r\nHost: h\r\n\r\n', 426],
  ['426 another version', HANDSHAKE('/v1/rooms/7').replace('13', '8'), 426],
  ['426 another protocol', HANDSHAKE('/v1/rooms/7').replace('websocket', 'h2c'), 426],
  ['426 HTTP/1.0', HANDSHAKE('/v1/rooms/7').replace('HTTP/1.1', 'HTTP/1.0'), 426],
  ['400 a key that is none', HANDSHAKE('/v1/rooms/7').replace('dGhl', 'dGh'), 400],
  ['400 a parameter that is too long', HANDSHAKE('/v1/rooms/123456789'), 400],
  ['400 a query that there is not', HANDSHAKE('/v1/rooms/7?x=1'), 400],
  ['401 no caller', HANDSHAKE('/v1/secrets/7'), 401],
  ['404 no such path', HANDSHAKE('/v1/nothing'), 404],
  ['405 another method', HANDSHAKE('/v1/rooms/7').replace('GET', 'DELETE'), 405],
  ['403 a page of another origin', HANDSHAKE('/v1/rooms/7', 'Origin: https://evil.example\r\n'), 403],
])('%s: no function is called, and the connection ends', async (_name, text, expected) => {
  const { port, requests } = await setUp()
  const connection = await openRawConnection(port)
  connection.send(
    text + (expected === 426 && !text.includes('Upgrade') ? '' : 'GET /v1/plain HTTP/1.1\r\nHost: h\r\n\r\n'),
  )
  const { status, headers } = await connection.answer()
  expect([status, requests]).toEqual([expected, []])
  if (status === 426) expect(headers).toMatchObject({ upgrade: 'websocket', 'sec-websocket-version': '13' })
  connection.socket.end()
  expect(await connection.closed()).toBe('')
})

it.each([
  ['of its own server', 'http://h', []],
  ['of the settings', 'https://app.example', ['https://app.example']],
])('101 a page %s', async (_which, origin, corsOrigins) => {
  const { port } = await setUp({ corsOrigins })
  const connection = await openRawConnection(port)
  connection.send(HANDSHAKE('/v1/rooms/7', `Origin: ${origin}\r\n`))
  expect((await connection.answer()).status).toBe(101)
})

it('403 of the function is passed on, and what comes behind the request reaches nobody', async () => {
  const { port, requests } = await setUp({ refuses: 1 })
  const connection = await openRawConnection(port)
  connection.send(`${HANDSHAKE('/v1/rooms/7')}GET /v1/plain HTTP/1.1\r\nHost: h\r\n\r\n`)
  expect(await connection.answer()).toMatchObject({ status: 403, body: '{}' })
  connection.socket.end()
  expect([await connection.closed(), requests.length]).toEqual(['', 1])
})

it('a request to open a WebSocket behind another one on the same connection opens none', async () => {
  const { port, requests } = await setUp()
  const connection = await openRawConnection(port)
  connection.send(`GET /v1/plain HTTP/1.1\r\nHost: h\r\n\r\n${HANDSHAKE('/v1/rooms/7')}`)
  expect((await connection.answer()).status).toBe(200)
  expect((await connection.answer()).status).toBe(426)
  expect(requests.map(({ url }) => url)).toEqual(['/v1/plain'])
})

it('200 a wish to upgrade where no contract does is ignored, and what follows belongs to nobody', async () => {
  const { port, requests } = await setUp()
  const connection = await openRawConnection(port)
  connection.send(`${HANDSHAKE('/v1/plain')}GET /v1/plain HTTP/1.1\r\nHost: h\r\n\r\n`)
  expect((await connection.answer()).status).toBe(200)
  connection.socket.end()
  expect([await connection.closed(), requests.length]).toEqual(['', 1])
})

it('1006 a function that breaks off ends the connection', async () => {
  const { open, tunnels } = await setUp()
  const { socket, closed } = await open()
  socket.send('crash')
  expect(await closed).toMatchObject({ code: 1006 })
  await untilTrue(() => tunnels.counts().size === 0)
})

it('a caller that breaks off ends the connection to the function', async () => {
  const { port, tunnels } = await setUp()
  const connection = await openRawConnection(port)
  connection.send(HANDSHAKE('/v1/rooms/7'))
  await connection.answer()
  expect(tunnels.counts().get('chat')).toBe(1)
  connection.socket.resetAndDestroy()
  await untilTrue(() => tunnels.counts().size === 0)
})

it('1001 when the gateway ends, between two messages', async () => {
  const { open, tunnels } = await setUp()
  const all = await Promise.all(Array.from({ length: 5 }, () => open()))
  for (const { socket } of all) for (let i = 0; i < 50; i++) socket.send('x'.repeat(10_000))
  await untilTrue(() => all.every(({ messages }) => messages.length > 0))
  tunnels.close()
  for (const { closed, messages } of all) {
    expect(await closed).toMatchObject({ code: 1001 })
    expect(new Set(messages)).toEqual(new Set(['x'.repeat(10_000)]))
  }
  await untilTrue(() => tunnels.counts().size === 0)
  // One that is opened now is closed at once.
  const late = await open()
  expect(await late.closed).toMatchObject({ code: 1001 })
})

it('a caller that does not read slows the function down', async () => {
  const { port, flood } = await setUp()
  const connection = await openRawConnection(port)
  connection.send(HANDSHAKE('/v1/rooms/7'))
  await connection.answer()
  connection.socket.pause()
  // Masked with zeros.
  connection.socket.write(Buffer.concat([Uint8Array.of(0x81, 0x85, 0, 0, 0, 0), Buffer.from('flood')]))
  expect(await flood).toBeLessThan(32 * MIB)
})
