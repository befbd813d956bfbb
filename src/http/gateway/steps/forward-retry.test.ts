import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, it } from '@jest/globals'
import { Agent, buildConnector, errors } from 'undici'
import { untilTrue } from '../../../../test/support/until.ts'
import { type TestOptions, testGateway } from '../test-support.ts'

const RETRYING = 'the connection to a function failed before it responded; retrying once'

interface Call {
  /** Which connection it came on, and as which request there: both from 1 on. */
  readonly on: readonly [connection: number, nth: number]
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

type Act = (call: Call, socket: Socket, response: ServerResponse) => unknown

/** A gateway before a function that takes a request in, and then does with its connection what a test wants. */
async function setUp(act: Act, options: TestOptions = {}) {
  const calls: Call[] = []
  const connections = new Map<Socket, { connection: number; requests: number }>()
  const upstream = async (request: IncomingMessage, response: ServerResponse) => {
    const { socket, headers } = request
    const known = connections.get(socket) ?? { connection: connections.size + 1, requests: 0 }
    connections.set(socket, known)
    const call = { on: [known.connection, ++known.requests], headers, body: await text(request) } as const
    calls.push(call)
    act(call, socket, response)
  }
  const gateway = await testGateway({ upstream, ...options })
  const { url } = gateway
  return {
    ...{ ...gateway, calls, seen: () => calls.map(({ on }) => on) },
    get: (path = '/v1/things/1') => fetch(url + path),
    postThing: (key: string) =>
      fetch(`${url}/v1/things`, {
        ...{ method: 'POST', body: '{"name":"é"}' },
        headers: { 'content-type': 'application/json', 'x-api-key': 'full', 'idempotency-key': key },
      }),
    /** To an endpoint that asks for no key. */
    postMail: (headers: Readonly<Record<string, string>> = {}) => fetch(`${url}/v1/mails`, { method: 'POST', headers }),
  }
}

const ok = (response: ServerResponse) => response.setHeader('content-type', 'application/json').end('{}')

it.each<[string, (socket: Socket) => unknown]>([
  ['closed', (socket) => socket.destroy()],
  ['reset', (socket) => socket.resetAndDestroy()],
])('200 on a new connection where a kept one is %s with the request', async (_how, breakOff) => {
  // As a pod that goes away: what it keeps is gone with the next request on it.
  const { get, seen, lines } = await setUp(({ on: [, nth] }, socket, response) =>
    nth === 1 ? ok(response) : breakOff(socket),
  )
  const answers = [await get(), await get()]
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  expect(seen()).toEqual([
    [1, 1],
    [1, 2],
    [2, 1],
  ])
  expect(lines.filter(({ msg }) => msg === RETRYING)).toEqual([expect.objectContaining({ function: 'get-thing' })])
})

it('200 not on another kept connection, which may be as dead', async () => {
  const held: { socket: Socket; response: ServerResponse }[] = []
  const { get, seen } = await setUp(({ on: [connection, nth] }, socket, response) => {
    if (connection > 2) ok(response)
    else if (nth === 1) held.push({ socket, response })
    else socket.destroy()
  })
  const first = get()
  await untilTrue(() => held.length === 1)
  const second = get()
  await untilTrue(() => held.length === 2)
  ok(held[0]!.response)
  await (await first).text()
  held[1]!.socket.destroy()
  expect((await second).status).toBe(200)
  expect(seen()).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
  ])
})

it('200 a POST with a key is sent again, the same bytes and key', async () => {
  const { postThing, calls } = await setUp(({ on: [connection] }, socket, response) =>
    connection === 1 ? socket.destroy() : ok(response),
  )
  expect((await postThing('k1')).status).toBe(200)
  const [first, second] = calls
  expect(first).toMatchObject({ body: '{"name":"é"}', headers: { 'idempotency-key': 'k1' } })
  const changed = { connection: 'close', 'ebb-timeout-ms': expect.any(String) }
  expect([second?.body, second?.headers]).toEqual([first?.body, { ...first?.headers, ...changed }])
})

it.each([
  ['without a key', {}],
  ['with a key of which its contract knows nothing', { 'idempotency-key': 'k1' }],
])('502 a POST %s is not retried', async (_which, headers: Readonly<Record<string, string>>) => {
  const { postMail, calls, lines } = await setUp((_call, socket) => socket.destroy())
  const answer = await postMail(headers)
  expect([answer.status, await answer.json()]).toEqual([502, expect.objectContaining({ error: 'bad_gateway' })])
  expect([calls.length, lines.filter(({ msg }) => msg === RETRYING)]).toEqual([1, []])
})

it('502 there is no third attempt', async () => {
  const { get, seen, lines } = await setUp((_call, socket) => socket.destroy())
  expect((await get()).status).toBe(502)
  expect(seen()).toEqual([
    [1, 1],
    [2, 1],
  ])
  expect(lines.map(({ msg }) => msg)).toEqual([
    RETRYING,
    'the connection to a function failed before it responded',
    'request',
  ])
})

it.each([
  ['its answer has begun', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{'],
  ['its answer is no HTTP', 'hello\r\n\r\n'],
])('a GET is not retried where %s', async (_when, text) => {
  const { get, calls } = await setUp((_call, socket) => socket.end(text))
  const end = await get().then(
    (answer) => answer.text().catch(() => 'broken off'),
    () => 'broken off',
  )
  expect([end === 'broken off' || end.includes('bad_gateway'), calls.length]).toEqual([true, 1])
})

it('200 the second attempt has only the time that the first has left', async () => {
  const { get, calls } = await setUp(
    ({ on: [connection] }, socket, response) => {
      if (connection === 1) setTimeout(() => socket.destroy(), 250)
      else ok(response)
    },
    { startTimeoutMs: 1 },
  )
  expect((await get()).status).toBe(200)
  const [first, second] = calls.map(({ headers }) => Number(headers['ebb-timeout-ms']))
  expect(first! - second!).toBeGreaterThanOrEqual(240)
})

const agents: Agent[] = []
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.destroy()
})

/** An agent that gets no connection: no server listens on port 1, or the wait is too long. */
function unconnected(how: 'refused' | 'late' | 'never') {
  const real = buildConnector({})
  const agent = new Agent({
    connect: (options, done) => {
      if (how === 'refused') real({ ...options, port: '1' }, done)
      if (how === 'late') done(new errors.ConnectTimeoutError(), null)
    },
  })
  agents.push(agent)
  return agent
}

it.each(['refused', 'late'] as const)(
  '200 any request of which nothing was sent: a connection that is %s',
  async (how) => {
    const { postMail, calls } = await setUp((_call, _socket, response) => ok(response), {
      agents: { dispatcher: unconnected(how) },
    })
    expect((await postMail()).status).toBe(200)
    expect(calls).toHaveLength(1)
  },
)

it.each(['refused', 'late', 'never'] as const)('503 where the second connection is %s', async (how) => {
  const { get, shortCircuits } = await setUp((_call, socket) => socket.destroy(), {
    ...{ startTimeoutMs: 100, agents: { retryDispatcher: unconnected(how) } },
  })
  const answer = await get('/v1/slow')
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])
  expect(await answer.json()).toMatchObject({ error: 'unavailable' })
  expect(shortCircuits).toEqual([])
})
