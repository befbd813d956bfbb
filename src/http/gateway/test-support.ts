import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach } from '@jest/globals'
import { Agent } from 'undici'
import * as z from 'zod'
import { contractSet, endpoint } from '../../contract/index.ts'
import type { RateLimiter } from './admission.ts'
import type { JudgedRequest } from './credentials.ts'
import type { GatewayDependencies } from './dependencies.ts'
import { createGatewayServer, type GatewayOptions } from './server.ts'
import { NO_INVOCATIONS } from './test-support-invocations.ts'
import { createFunctionPools } from './upstream/function-pools.ts'

const id = z.object({ id: z.string() })
const reply = { status: 200, body: z.object({}) }
const anyone = { anonymous: true } as const

export const contracts = contractSet(
  {
    'create-thing': endpoint({
      ...{ name: 'create-thing', summary: 'Makes a thing.', method: 'POST', path: '/v1/things', idempotent: true },
      ...{ body: z.object({ name: z.string(), n: z.number().optional() }), reply: { ...reply, status: 201 } },
      access: { scopes: ['things:write', 'things:more'] },
    }),
    'put-note': endpoint({
      ...{ name: 'put-note', summary: 'Keeps a note.', method: 'PUT', path: '/v1/notes/{id}', params: id, reply },
      ...{ body: z.object({ text: z.string() }), access: anyone },
    }),
    'get-thing': endpoint({
      ...{ name: 'get-thing', summary: 'Shows a thing.', method: 'GET', path: '/v1/things/{id}', params: id, reply },
      query: z.object({ limit: z.number().optional(), tags: z.array(z.string()).optional() }),
      ...{ headers: z.object({ 'x-tone': z.string().optional() }), access: anyone },
    }),
    'get-mine': endpoint({
      ...{ name: 'get-mine', summary: 'Shows my things.', method: 'GET', path: '/v1/things/mine', reply, access: {} },
    }),
    'delete-thing': endpoint({
      ...{ name: 'delete-thing', summary: 'Ends a thing.', method: 'DELETE', path: '/v1/things/{id}', params: id },
      ...{ reply: { status: 204 }, access: { scopes: ['things:write'], owner: true } },
    }),
    'list-ours': endpoint({
      ...{ name: 'list-ours', summary: "A tenant's things.", method: 'GET', path: '/v1/ours', reply, access: {} },
      tenancy: true,
    }),
    'get-slow': endpoint({
      ...{ name: 'get-slow', summary: 'Takes long.', method: 'GET', path: '/v1/slow', reply, access: anyone },
      timeoutMs: 100,
    }),
    'get-low': endpoint({
      ...{ name: 'get-low', summary: 'Can wait.', method: 'GET', path: '/v1/low', reply, access: anyone },
      priority: 'low',
    }),
    'get-high': endpoint({
      ...{ name: 'get-high', summary: 'Cannot wait.', method: 'GET', path: '/v1/high', reply, access: anyone },
      priority: 'high',
    }),
    'get-one': endpoint({
      ...{ name: 'get-one', summary: 'One at a time.', method: 'GET', path: '/v1/one', reply, access: anyone },
      scale: { max: 1, concurrency: 1 },
    }),
    'send-mail': endpoint({
      ...{ name: 'send-mail', summary: 'Sends.', method: 'POST', path: '/v1/mails', reply, access: anyone },
      limit: { requests: 2, perSeconds: 60, burst: 5 },
    }),
    'list-mails': endpoint({
      ...{ name: 'list-mails', summary: 'Lists.', method: 'GET', path: '/v1/mails', reply },
      ...{ access: { scopes: ['mails:read'] }, limit: { requests: 1, perSeconds: 1 } },
    }),
  },
  { openapi: '3.1.0' },
)

export const KEYS = {
  full: { sub: 'ann', scopes: ['things:write', 'things:more'] },
  mail: { sub: 'cy', scopes: ['mails:read'] },
  half: { sub: 'bob', scopes: ['things:write'] },
  acme: { sub: 'ann', tenant: 'acme', scopes: [] },
}

const admitAll: RateLimiter = ({ rates, slots }) => ({
  ...{ allowed: true, release: () => {}, undo: () => {} },
  rates: rates.map(() => ({ allowed: true, remaining: 1, waitSeconds: 1 })),
  slots: slots && { allowed: true, remaining: 1 },
})

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

export async function listenForTest(server: Server, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  closers.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

export interface TestOptions extends GatewayOptions {
  /** What every function does; default: it responds with `{}`. */
  readonly upstream?: RequestListener
  readonly dependencies?: Partial<GatewayDependencies>
  /** The upstream's path prefix. */
  readonly prefix?: string
  readonly startTimeoutMs?: number
  /** Where it listens; default: 127.0.0.1. */
  readonly host?: string
  /** Replace its own. */
  readonly agents?: { readonly dispatcher?: Agent; readonly retryDispatcher?: Agent }
}

/** A gateway on a port of its own, with a real upstream, and all that it logged and counted. */
export async function testGateway({
  upstream,
  dependencies,
  prefix = '',
  startTimeoutMs = 5_000,
  host,
  agents,
  ...options
}: TestOptions = {}) {
  const invoked: string[] = []
  const upstreamPort = await listenForTest(
    createServer((request, response) => {
      invoked.push(`${request.method} ${request.url}`)
      if (upstream) upstream(request, response)
      else request.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{}'))
    }),
  )
  const lines: Record<string, unknown>[] = []
  const shortCircuits: string[] = []
  const answered: unknown[] = []
  const shed: string[] = []
  const judged: JudgedRequest[] = []
  const refused: string[] = []
  const received: string[] = []
  const keep = (fields: object, msg?: string) => void lines.push({ ...fields, msg })
  const log = { info: keep, warn: keep, error: keep, debug: () => {} } as unknown as GatewayDependencies['log']
  const dispatcher = new Agent({ pipelining: 0 })
  const pools = createFunctionPools({ maxConnections: 1_000 })
  closers.push(() => Promise.all([dispatcher.destroy(), pools.close()]))
  const server = createGatewayServer(
    {
      contracts: () => contracts,
      authenticate: {
        key: async (key) => {
          const caller = KEYS[key as keyof typeof KEYS]
          return caller && { caller, credential: { kind: 'key', id: key } }
        },
      },
      findStoredResponse: async () => ({ status: 'new' }),
      invocations: NO_INVOCATIONS,
      limiter: admitAll,
      corsOrigins: [],
      docs: async () => undefined,
      sign: async ({ sub }, name) => `${sub} for ${name}`,
      ready: async () => true,
      upstream: {
        ...{ dispatcher, retryDispatcher: dispatcher, ...(agents?.dispatcher ? {} : { pools }), ...agents },
        locate: (name) => ({ origin: `http://127.0.0.1:${upstreamPort}`, prefix: prefix.replace('{name}', name) }),
        startTimeoutMs,
      },
      metrics: {
        shortCircuited: (reason) => void shortCircuits.push(reason),
        shed: (what) => void shed.push(what),
        refused: (policy) => void refused.push(policy),
        completed: (request) => void answered.push(request),
        judged: (request) => void judged.push(request),
        received: ({ outcome }) => void received.push(outcome),
      },
      log,
      ...dependencies,
    },
    // Every line is kept, however busy a test keeps it.
    { linesPerSecond: Number.POSITIVE_INFINITY, ...options },
  )
  const port = await listenForTest(server, host)
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    server,
    invoked,
    lines,
    shortCircuits,
    shed,
    refused,
    answered,
    judged,
    received,
  }
}

export interface RawResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A connection on which a test writes raw bytes. */
export async function openRawConnection(port: number, host = '127.0.0.1') {
  const socket: Socket = connect({ port, host, allowHalfOpen: true })
  closers.push(async () => socket.destroy())
  let received = ''
  let changed = Promise.withResolvers<void>()
  let over = false
  const notify = () => {
    changed.resolve()
    changed = Promise.withResolvers<void>()
  }
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
    notify()
  })
  const end = () => {
    over = true
    notify()
  }
  socket.on('end', end).on('close', end).on('error', end)
  await new Promise((resolve) => socket.once('connect', resolve))
  return {
    socket,
    send: (text: string) => socket.write(Buffer.from(text, 'latin1')),
    /** The next response with a Content-Length. */
    answer: async (): Promise<RawResponse> => {
      for (;;) {
        const found = takeResponse(received)
        if (found) {
          received = found.rest
          return found.answer
        }
        if (over) throw new Error(`closed after ${JSON.stringify(received)}`)
        await changed.promise
      }
    },
    /** Resolves when the other side has closed, with what is left unread. */
    closed: async (): Promise<string> => {
      while (!over) await changed.promise
      return received
    },
  }
}

/** Sends one text on a connection of its own; returns the first response. */
export async function sendRaw(port: number, text: string, host?: string): Promise<RawResponse> {
  const connection = await openRawConnection(port, host)
  connection.send(text)
  return connection.answer()
}

function takeResponse(received: string) {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = received.slice(0, end).split('\r\n')
  const status = Number(first.split(' ')[1])
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const until = end + 4 + (status === 100 || status === 204 ? 0 : Number(headers['content-length'] ?? 0))
  if (received.length < until) return undefined
  return { answer: { status, headers, body: received.slice(end + 4, until) }, rest: received.slice(until) }
}
