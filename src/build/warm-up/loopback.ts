import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

interface LoopbackServer extends AsyncDisposable {
  readonly port: number
}

/** Listens on a free port of the loopback interface; disposing of it closes the server and all its connections. */
export async function listenOnLoopback(server: Server): Promise<LoopbackServer> {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => {}).once('close', () => open.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of open) socket.destroy()
    await closed
  }
  // A server that listens on a port has an address.
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close }
}

/** Starts a collector of traces and metrics (OTLP over HTTP) that accepts everything and keeps nothing. */
export async function startOtlpSink() {
  const listening = await listenOnLoopback(
    createHttpServer((request, response) => {
      const type = request.headers['content-type'] ?? 'application/json'
      // An empty body is a valid response in Protobuf.
      const respond = () => response.writeHead(200, { 'content-type': type }).end(type.includes('json') ? '{}' : '')
      request.on('end', respond).resume()
    }),
  )
  return { ...listening, url: `http://127.0.0.1:${listening.port}` }
}

/** Starts a store of objects that has none and takes all: its client is compiled, and nothing else is tried. */
export async function startEmptyObjects() {
  const listening = await listenOnLoopback(
    createHttpServer((request, response) => {
      const status = request.method === 'PUT' ? 200 : 404
      request.on('end', () => response.writeHead(status).end()).resume()
    }),
  )
  return { ...listening, url: `http://warm-up:warm-up@127.0.0.1:${listening.port}/objects` }
}

/** Starts a Redis that closes every connection: no function may depend on Redis, and its client is compiled all the same. */
export async function startUnreachableRedis() {
  const listening = await listenOnLoopback(createServer((socket) => socket.destroy()))
  return { ...listening, url: `redis://127.0.0.1:${listening.port}` }
}
