import { createServer, type Socket } from 'node:net'
import { afterEach } from '@jest/globals'
import { contractSet, type ProxyShape, proxy } from '../../../contract/index.ts'
import { type TestOptions, testGateway } from '../test-support.ts'

/** A request as it arrived at an origin, byte for byte. */
export interface RawRequest {
  /** The request line and the lines of its headers. */
  readonly lines: readonly string[]
  /** Of a header, in lower case. */
  readonly all: (name: string) => readonly string[]
  readonly body: string
}

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/**
 * A server that answers each request with what `answer` returns, byte for byte, or writes itself where that returns nothing.
 * Bodies are latin1.
 */
export async function startOrigin(
  answer: (request: RawRequest, socket: Socket) => string | undefined,
  host = '127.0.0.1',
) {
  const requests: RawRequest[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let received = ''
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
      for (let taken = takeRequest(received); taken; taken = takeRequest(received)) {
        received = taken.rest
        requests.push(taken.request)
        const text = answer(taken.request, socket)
        if (text !== undefined) socket.write(Buffer.from(text, 'latin1'))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  closers.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a server that listens has a port')
  const authority = `${host.includes(':') ? `[${host}]` : host}:${address.port}`
  return { url: `http://${authority}`, authority, port: address.port, requests, server }
}

function takeRequest(received: string): { readonly request: RawRequest; readonly rest: string } | undefined {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const lines = received.slice(0, end).split('\r\n')
  const all = (name: string) =>
    lines
      .slice(1)
      .filter((line) => line.toLowerCase().startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).trim())
  const until = end + 4 + Number(all('content-length')[0] ?? 0)
  if (received.length < until) return undefined
  return { request: { lines, all, body: received.slice(end + 4, until) }, rest: received.slice(until) }
}

/** A response with these lines of headers, and its length. */
export const rawResponse = (status: string, headers: readonly string[] = [], body = '') =>
  [`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${body.length}`, '', body].join('\r\n')

/** What a proxy is tested with, but for what a test is about. */
type TestProxy = Partial<Omit<ProxyShape, 'upstream'>> & { readonly upstream?: Partial<ProxyShape['upstream']> }

/** A gateway with one proxy, at /old/* for anybody, in front of an origin. */
export async function proxiedGateway(
  origin: Pick<Awaited<ReturnType<typeof startOrigin>>, 'url'>,
  { upstream, ...contract }: TestProxy = {},
  options: TestOptions = {},
) {
  const shape = {
    ...{ name: 'old', summary: 'An old service.', path: '/old/*', access: { anonymous: true } },
    ...contract,
    upstream: { url: origin.url, ...upstream },
  } as const
  const set = contractSet({ [shape.name]: proxy(shape as never) }, {})
  return testGateway({ ...options, dependencies: { contracts: () => set, ...options.dependencies } })
}
