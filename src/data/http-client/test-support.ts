import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from '@jest/globals'
import { collectLog, testBindContext } from '../test-support.ts'
import { bindHttp } from './http.ts'
import { type HttpClient, type HttpClientDependencies, openHttpClient } from './open-http-client.ts'

const servers = new Set<Server>()
const clients = new Set<HttpClient>()
afterEach(async () => {
  await Promise.all([...clients].map((client) => client.close()))
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  clients.clear()
  servers.clear()
})

/** Starts a server that ends with the test. Returns its origin. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  servers.add(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An origin where nothing listens any more. */
export async function closedOrigin(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

interface SetUpOptions extends Pick<HttpClientDependencies, 'sleep'> {
  readonly signal: AbortSignal
  readonly random: number
}

/** `http` as a handler has it, with a clock, random numbers and waits that the test controls. */
export function setUpHttp({ signal, random = 0, sleep = async () => {} }: Partial<SetUpOptions> = {}) {
  const clock = { ms: 1_000 }
  const delays: number[] = []
  const collected = collectLog()
  const client = openHttpClient(collected.log, {
    now: () => clock.ms,
    random: () => random,
    sleep: (ms, value, options) => {
      delays.push(ms)
      return sleep(ms, value, options)
    },
  })
  clients.add(client)
  return { http: bindHttp(client, testBindContext(signal)), clock, delays, client, ...collected }
}

/** The error that a call rejects with. */
export const errorOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  )
