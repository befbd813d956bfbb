import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'

/** A port that answers from the start, before what answers there runs. */
interface OnDemandPort {
  readonly port: number
  close(): Promise<void>
}

/**
 * Listens on a port of this machine, and passes each connection on to the port of 127.0.0.1 that `start` resolves to. A
 * connection ends where that rejects.
 */
export async function listenOnDemand(port: number, start: () => Promise<number>): Promise<OnDemandPort> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket.once('close', () => open.delete(socket)))
    // One side that breaks off ends the other one.
    passOn(socket, start).catch(() => socket.destroy())
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    // A server that listens on a port has an address.
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close()
      for (const socket of open) socket.destroy()
      await once(server, 'close')
    },
  }
}

async function passOn(socket: Socket, start: () => Promise<number>): Promise<void> {
  socket.on('error', () => {})
  const target = connect({ port: await start(), host: '127.0.0.1', allowHalfOpen: true })
  await pipeline(socket, target, socket)
}
