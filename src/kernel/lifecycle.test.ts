import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, it } from '@jest/globals'
import { untilTrue } from '../../test/support/until.ts'
import { drain } from './lifecycle.ts'

const closers: (() => unknown)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function start(listener: RequestListener = (_request, response) => void response.end('{}')) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.closeAllConnections())
  const { port } = server.address() as AddressInfo
  return { server, get: (path = '/') => fetch(`http://127.0.0.1:${port}${path}`) }
}

/** Drains, and returns how long that took. */
async function timed(...[server, options]: Parameters<typeof drain>): Promise<number> {
  const began = performance.now()
  await drain(server, options)
  return performance.now() - began
}

it('a server without requests ends long before its limit', async () => {
  const { server, get } = await start()
  expect(await timed(server)).toBeLessThan(30_000)
  await expect(get()).rejects.toThrow('fetch failed')
})

it('a client that has not learned of the end is answered, on a new connection that then closes', async () => {
  const { server, get } = await start()
  let ended = false
  const drained = timed(server, { graceMs: 2_000, quietMs: 20 }).finally(() => {
    ended = true
  })
  // Far longer than the quiet that would end it.
  await delay(300)
  const answer = await get()
  expect([answer.status, answer.headers.get('connection'), ended]).toEqual([200, 'close', false])
  expect(await drained).toBeGreaterThan(1_990)
})

it('it is not over while requests come, but probes are none', async () => {
  const { server, get } = await start()
  let asked = 0
  const drained = timed(server, { graceMs: 50, quietMs: 1_000 })
  for (; asked < 10; asked++) {
    await get()
    await delay(40)
  }
  const probing = setInterval(() => void get('/_/ready').catch(() => {}), 20)
  closers.push(() => clearInterval(probing))
  const tookMs = await drained
  expect(tookMs).toBeGreaterThan(10 * 40 + 900)
  expect(tookMs).toBeLessThan(30_000)
})

it('it ends with the last response, although its client keeps the connection', async () => {
  const asked = Promise.withResolvers<ServerResponse>()
  const { server, get } = await start((_request, response) => asked.resolve(response))
  server.keepAliveTimeout = 95_000
  const inFlight = get()
  const response = await asked.promise
  const drained = timed(server, { quietMs: 20 })
  await untilTrue(() => !server.listening)
  response.end('{}')
  expect((await inFlight).status).toBe(200)
  expect(await drained).toBeLessThan(30_000)
})

it('whatever comes, it ends with its limit, also in the middle of an answer', async () => {
  const { server, get } = await start((request, response) => {
    if (request.url !== '/slow') response.end('{}')
  })
  const slow = get('/slow').catch((error: Error) => error.message)
  const asking = setInterval(() => void get().catch(() => {}), 20)
  closers.push(() => clearInterval(asking))
  const tookMs = await timed(server, { graceMs: 100, quietMs: 2_000, timeoutMs: 300 })
  expect(tookMs).toBeGreaterThan(390)
  expect(await slow).toBe('fetch failed')
})
