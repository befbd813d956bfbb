import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Agent } from 'undici'
import * as z from 'zod'
import { SEED } from '../../../../test/support/seed.ts'
import { untilTrue } from '../../../../test/support/until.ts'
import { contractSet, endpoint } from '../../../contract/index.ts'
import { testGateway } from '../test-support.ts'
import { createCircuitBreakers } from './circuit-breakers.ts'
import { createFunctionPools } from './function-pools.ts'

const common = { reply: { status: 200, body: z.object({}) }, access: { anonymous: true }, timeoutMs: 300 } as const
const contracts = contractSet(
  {
    'get-it': endpoint({ name: 'get-it', summary: 'Reads.', method: 'GET', path: '/v1/it', ...common }),
    'send-it': endpoint({ name: 'send-it', summary: 'Writes.', method: 'POST', path: '/v1/sent', ...common }),
    'keep-it': endpoint({
      ...{ name: 'keep-it', summary: 'Writes once.', method: 'POST', path: '/v1/kept', ...common, idempotent: true },
      access: {},
    }),
  },
  {},
)

/** What an upstream does with the connection once it has a whole request; `nth` counts from 1 on each connection. */
type Act = (socket: Socket, nth: number) => unknown

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A gateway before an upstream on raw sockets, which counts every request that arrives, whatever it then does. */
async function setUp(act: Act) {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const state = { act, at: 1_000_000 }
  const server = createServer((socket) => {
    sockets.add(socket)
    let nth = 0
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        requests.push(text.slice(0, text.indexOf(' HTTP/1.1')))
        text = text.slice(end + 4)
        state.act(socket, ++nth)
      }
    })
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  closers.push(() => sockets.forEach((socket) => void socket.destroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  const { port } = server.address() as { port: number }
  const dispatcher = new Agent({ pipelining: 0 })
  const pools = createFunctionPools({ maxConnections: 1_000 })
  closers.push(() => Promise.all([dispatcher.destroy(), pools.close()]))
  const breakers = createCircuitBreakers({ startTimeoutMs: 200, now: () => state.at })
  const retries: string[] = []
  const gateway = await testGateway({
    dependencies: {
      contracts: () => contracts,
      upstream: {
        ...{ dispatcher, pools, breakers, startTimeoutMs: 200 },
        locate: () => ({ origin: `http://127.0.0.1:${port}`, prefix: '' }),
        onRetry: (_name, outcome) => void retries.push(outcome),
      },
    },
  })
  /** The status, or `broken` where the response breaks off. */
  const ask = async (path: string, method = 'GET', headers: Readonly<Record<string, string>> = {}) => {
    try {
      const response = await fetch(gateway.url + path, { method, headers })
      const text = await response.text()
      return response.status === 200 ? text : response.status
    } catch {
      return 'broken'
    }
  }
  const get = () => ask('/v1/it')
  const post = () => ask('/v1/sent', 'POST')
  const postWithKey = () => ask('/v1/kept', 'POST', { 'idempotency-key': 'k1', 'x-api-key': 'full' })
  return { ...gateway, state, requests, sockets, breakers, pools, retries, get, post, postWithKey }
}

const GOOD = 'HTTP/1.1 200 OK\r\nEbb-Revision: 1\r\nContent-Length: 2\r\n\r\n{}'
const HEAD = 'HTTP/1.1 200 OK\r\nEbb-Revision: 1\r\n'
const answer: Act = (socket) => socket.write(GOOD)

/** Writes a piece again and again, as long as the other side takes it. */
function repeat(socket: Socket, first: string, piece: string, everyMs: number) {
  socket.write(first)
  const timer = setInterval(() => socket.write(piece), everyMs)
  socket.on('close', () => clearInterval(timer))
}

const MISBEHAVIOUR: readonly [name: string, act: Act, expected: number | string][] = [
  ['resets the connection before it responds', (socket) => socket.resetAndDestroy(), 502],
  ['closes the connection before it responds', (socket) => socket.end(), 502],
  ['accepts and never responds', () => {}, 504],
  ['sends its headers forever, byte by byte', (socket) => repeat(socket, HEAD, 'X', 20), 504],
  ['sends endless headers', (socket) => repeat(socket, HEAD, 'X-A: aaaaaaa\r\n'.repeat(999), 1), 502],
  ['sends a header without an end', (socket) => repeat(socket, `${HEAD}X-A: `, 'a'.repeat(9_999), 1), 502],
  ['sends half of its headers and closes', (socket) => socket.end(HEAD), 502],
  ['sends garbage', (socket) => socket.end('\x16\x03\x01 hello\r\n\r\n'), 502],
  ['sends an unknown version', (socket) => socket.end('HTTP/3.7 200 OK\r\nContent-Length: 0\r\n\r\n'), 502],
  ['sends a status that is none', (socket) => socket.end('HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n'), 502],
  ['sends two lengths', (socket) => socket.end(`${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`), 502],
  ['sends a length that is none', (socket) => socket.end(`${HEAD}Content-Length: -2\r\n\r\n{}`), 502],
  [
    'sends interim responses without an end',
    (socket) => repeat(socket, '', 'HTTP/1.1 103 Early Hints\r\n\r\n', 1),
    502,
  ],
  ['switches protocols unasked', (socket) => socket.end('HTTP/1.1 101 Switching\r\nUpgrade: a\r\n\r\n'), 502],
  ['sends a few interim responses', (socket) => socket.write(`HTTP/1.1 103 Early Hints\r\n\r\n${GOOD}`), '{}'],
  ['closes in the middle of the body', (socket) => socket.end(`${HEAD}Content-Length: 9\r\n\r\n{`), 'broken'],
  [
    'resets in the middle of the body',
    (socket) => socket.write(`${HEAD}Content-Length: 9\r\n\r\n{`, () => setTimeout(() => socket.resetAndDestroy(), 20)),
    'broken',
  ],
  ['stops in the middle of the body', (socket) => socket.write(`${HEAD}Content-Length: 9\r\n\r\n{`), 'broken'],
  [
    'sends a broken chunk',
    (socket) => socket.end(`${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\nzz\r\n`),
    'broken',
  ],
  [
    'sends chunks without an end',
    (socket) => socket.end(`${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`),
    'broken',
  ],
  ['sends more than its length', (socket) => socket.write(`${GOOD}and more`), '{}'],
  ['sends a second response unasked', (socket) => socket.write(GOOD + GOOD.replace('{}', '[]')), '{}'],
]

describe.each(MISBEHAVIOUR)('an upstream that %s', (_name, act, expected) => {
  it(`gives ${expected}, gets no POST twice, and no other request more than twice`, async () => {
    const { get, post, postWithKey, requests, sockets, pools } = await setUp(act)
    expect(await post()).toBe(expected)
    expect(requests).toEqual(['POST /v1/sent'])
    expect([await get(), await postWithKey()]).toEqual([expected, expected])
    const count = (request: string) => requests.filter((each) => each === request).length
    expect(count('GET /v1/it')).toBeLessThanOrEqual(2)
    expect(count('POST /v1/kept')).toBeLessThanOrEqual(2)
    expect(count('POST /v1/sent')).toBe(1)
    // Nothing goes on in the background.
    await untilTrue(() => pools.counts().every(({ running, pending }) => running === 0 && pending === 0))
    if (expected !== '{}') await untilTrue(() => sockets.size === 0)
  })
})

it('a response that was sent unasked is nobody’s', async () => {
  const { get, state } = await setUp((socket) => socket.write(GOOD + GOOD.replace('{}', '[]')))
  expect(await get()).toBe('{}')
  state.act = answer
  expect([await get(), await get()]).toEqual(['{}', '{}'])
})

it('an upstream that closes kept connections at random: every GET is served, and no POST is sent twice', async () => {
  let seed = SEED
  const next = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return seed / 2 ** 31
  }
  const closes: Act = (socket, nth) => {
    const die = next()
    // What is closed with a request on it was good for at least one before.
    if (nth > 1 && die < 0.1) return void socket.destroy()
    answer(socket, nth)
    if (die > 0.8) socket.end()
    else if (die > 0.6) setTimeout(() => socket.resetAndDestroy(), 1)
  }
  const { get, post, requests } = await setUp(closes)
  const sent = { GET: 0, POST: 0 }
  const outcomes: unknown[] = []
  for (let i = 0; i < 150; i++) {
    sent.GET++
    sent.POST++
    outcomes.push(await get(), await post())
  }
  const posts = requests.filter((request) => request.startsWith('POST')).length
  expect(posts).toBeLessThanOrEqual(sent.POST)
  expect(outcomes.filter((_, i) => i % 2 === 0)).toEqual(Array(sent.GET).fill('{}'))
  for (const outcome of outcomes) expect(['{}', 502]).toContain(outcome)
})

it('retries a fifth of the requests at most, and 10 more, however many break', async () => {
  const { get, requests, retries, breakers } = await setUp((socket) => void socket.destroy())
  for (let i = 0; i < 100; i++) {
    await get()
    breakers.reset('get-it')
  }
  expect(requests.length).toBe(100 + 29)
  expect(retries.filter((outcome) => outcome === 'retried')).toHaveLength(29)
  expect(retries.filter((outcome) => outcome === 'refused')).toHaveLength(71)
})

it('503 without a call while the breaker is open, one probe after that, and then all again', async () => {
  const { get, url, requests, state, breakers, shortCircuits } = await setUp(answer)
  expect(await get()).toBe('{}')
  state.act = (socket) => void socket.destroy()
  for (let i = 0; i < 19; i++) expect(await get()).toBe(502)
  expect(breakers.list()).toMatchObject([{ name: 'get-it', state: 'open' }])

  const called = requests.length
  const refused = await fetch(`${url}/v1/it`)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
  expect(await refused.json()).toMatchObject({ error: 'unavailable' })
  expect([requests.length, shortCircuits]).toEqual([called, ['breaker_open']])

  const gate = Promise.withResolvers<void>()
  state.act = (socket) => void gate.promise.then(() => socket.write(GOOD))
  state.at += 5_000
  const probing = Array.from({ length: 50 }, get)
  await untilTrue(() => shortCircuits.length === 50)
  expect(requests.length).toBe(called + 1)
  gate.resolve()
  const outcomes = await Promise.all(probing)
  expect([
    outcomes.filter((outcome) => outcome === '{}').length,
    outcomes.filter((each) => each === 503).length,
  ]).toEqual([1, 49])
  expect(breakers.list()).toMatchObject([{ state: 'closed' }])
  expect(await Promise.all(Array.from({ length: 50 }, get))).toEqual(Array(50).fill('{}'))
})

it('a breaker is of one route: the others of the same upstream are called', async () => {
  const { get, post, state, requests } = await setUp(answer)
  await get()
  state.act = (socket) => void socket.destroy()
  for (let i = 0; i < 20; i++) await get()
  state.act = answer
  expect([await get(), await post()]).toEqual([503, '{}'])
  expect(requests.at(-1)).toBe('POST /v1/sent')
})

it('503 of what stands before a function that starts opens no breaker, and does so where it goes on', async () => {
  const PROXY = 'HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n'
  const { get, state, breakers, requests } = await setUp((socket) => socket.write(PROXY))
  for (let i = 0; i < 40; i++) expect(await get()).toBe(503)
  expect([breakers.list()[0]?.state, requests.length]).toEqual(['closed', 40])
  state.at += 200
  for (let i = 0; i < 40; i++) expect(await get()).toBe(503)
  expect([breakers.list()[0]?.state, requests.length]).toEqual(['open', 60])
})

it('callers that hang up say nothing about the function', async () => {
  const { get, url, requests, breakers, pools, state, retries } = await setUp(answer)
  await get()
  state.act = () => {}
  const controllers = Array.from({ length: 30 }, () => new AbortController())
  const calls = controllers.map(({ signal }) => fetch(`${url}/v1/it`, { signal }).catch(() => 'gone'))
  await untilTrue(() => requests.length === 31)
  for (const controller of controllers) controller.abort()
  expect(await Promise.all(calls)).toEqual(Array(30).fill('gone'))
  await untilTrue(() => pools.counts().every(({ running }) => running === 0))
  expect([breakers.list()[0], retries]).toMatchObject([{ state: 'closed', calls: 1, faults: 0 }, []])
})
