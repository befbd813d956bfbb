import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'

export interface Listening extends AsyncDisposable {
  readonly port: number
}

/** Lets a server listen on a free port that only this machine reaches, until it is disposed of with all its connections. */
export async function listenOnLoopback(server: Server): Promise<Listening> {
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
