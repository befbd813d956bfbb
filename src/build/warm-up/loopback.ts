import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Server, Socket } from 'node:net'

interface LoopbackServer extends AsyncDisposable {
  readonly port: number
}

/** Lets a server listen on a free port that only this machine reaches, until it is disposed of with all its connections. */
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

/** What traces and metrics are exported to: takes everything (OTLP over HTTP) and keeps nothing. */
export async function startOtlpSink() {
  const listening = await listenOnLoopback(
    createServer((request, response) => {
      const type = request.headers['content-type'] ?? 'application/json'
      // Nothing at all is a good answer in Protobuf.
      const answer = () => response.writeHead(200, { 'content-type': type }).end(type.includes('json') ? '{}' : '')
      request.on('end', answer).resume()
    }),
  )
  return { ...listening, url: `http://127.0.0.1:${listening.port}` }
}
