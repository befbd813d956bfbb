import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'

/** An address of this machine that leads to a host name at the address of an ingress, whether the name resolves here or not. */
export async function reachHost(host: string, ingress: string) {
  const server = createServer((incoming, response) => {
    const options = { method: incoming.method, headers: { ...incoming.headers, host } }
    const outgoing = request(new URL(incoming.url ?? '/', ingress), options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      pipeline(answer, response).catch(() => response.destroy())
    })
    pipeline(incoming, outgoing).catch(() => response.destroy())
    outgoing.once('error', () => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // It listens on a port.
  const { port } = server.address() as AddressInfo
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${port}`, close }
}
