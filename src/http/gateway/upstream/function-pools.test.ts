import { createServer, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, expect, it } from '@jest/globals'
import type { Dispatcher } from 'undici'
import { untilTrue } from '../../../../test/support/until.ts'
import { listenForTest } from '../test-support.ts'
import { createFunctionPools } from './function-pools.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Pools before a server that holds every request until a test releases it. */
async function setUp({ maxConnections = 1_000, keepAlive = '95' } = {}) {
  const held: ServerResponse[] = []
  const sockets = new Set<Socket>()
  const server = createServer((_request, response) => void held.push(response))
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const port = await listenForTest(server)
  const origin = `http://127.0.0.1:${port}`
  let ms = 0
  const pools = createFunctionPools({ maxConnections, now: () => ms })
  const pass = (byMs: number) => {
    ms += byMs
  }
  closers.push(pools.close)
  const ask = async (pool: Dispatcher) => {
    const { body, headers } = await pool.request({ origin, path: '/', method: 'GET' })
    await body.dump()
    return headers
  }
  const release = () => {
    for (const response of held.splice(0)) response.setHeader('keep-alive', `timeout=${keepAlive}`).end('{}')
  }
  return { pools, origin, ask, release, held, sockets, pass }
}

const route = (name: string, max: number, concurrency: number) => ({ name, scale: { max, concurrency } })

it('opens as many connections to a function as its contract can use, or the gateway, and counts them', async () => {
  const { pools, origin, ask, held, release } = await setUp({ maxConnections: 15 })
  const calls = [route('small', 1, 1), route('large', 10, 10)].flatMap((each) =>
    Array.from({ length: 20 }, () => ask(pools.of(each, origin))),
  )
  await untilTrue(() => held.length === 11 + 15)
  expect(pools.counts()).toEqual([
    { name: 'small', connected: 11, running: 11, pending: 9 },
    { name: 'large', connected: 15, running: 15, pending: 5 },
  ])
  while (held.length > 0 || pools.counts().some(({ pending }) => pending > 0)) {
    release()
    await new Promise(setImmediate)
  }
  await untilTrue(() => held.length === 0)
  release()
  await Promise.all(calls)
})

it('sends no request on what was connected before a rollout, and breaks none that is under way', async () => {
  const { pools, origin, ask, held, release, sockets } = await setUp()
  const f = route('f', 10, 10)
  pools.responded('f', 'r1')
  const underWay = ask(pools.of(f, origin))
  await untilTrue(() => held.length === 1)
  pools.responded('f', 'r1')
  const before = pools.of(f, origin)
  pools.responded('f', 'r2')
  expect(pools.of(f, origin)).not.toBe(before)
  release()
  await underWay
  await untilTrue(() => sockets.size === 0)
  // Two revisions that respond in turn are no rollouts.
  const after = pools.of(f, origin)
  pools.responded('f', 'r1')
  expect(pools.of(f, origin)).toBe(after)
})

it('keeps nothing of a function whose connections have ended', async () => {
  const { pools, origin, ask, held, release, sockets } = await setUp()
  const call = ask(pools.of(route('gone', 1, 1), origin))
  await untilTrue(() => held.length === 1)
  release()
  await call
  for (const socket of sockets) socket.destroy()
  await untilTrue(() => pools.counts().length === 0)
})

it('follows a contract that changes', async () => {
  const { pools, origin } = await setUp()
  const first = pools.of(route('f', 1, 1), origin)
  expect(pools.of(route('f', 1, 1), origin)).toBe(first)
  expect(pools.of(route('f', 2, 1), origin)).not.toBe(first)
})

it('opens new connections after five minutes, so that new instances get some, and breaks no request that is under way', async () => {
  const { pools, origin, ask, held, release, sockets, pass } = await setUp()
  const f = route('f', 10, 10)
  const first = pools.of(f, origin)
  const underWay = ask(first)
  await untilTrue(() => held.length === 1)
  pass(299_999)
  expect(pools.of(f, origin)).toBe(first)
  pass(1)
  expect(pools.of(f, origin)).not.toBe(first)
  release()
  await underWay
  await untilTrue(() => sockets.size === 0)
})
