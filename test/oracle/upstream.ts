import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The server that the functions call: it answers 404 to /missing, and 200 to the rest. */
export async function startUpstream() {
  const traceparents: string[] = []
  const server = createServer((request, response) => {
    traceparents.push(String(request.headers.traceparent))
    request.resume().on('end', () => response.writeHead(request.url === '/missing' ? 404 : 200).end('{}'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    // A server that listens on a port has an address.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    traceparents: traceparents as readonly string[],
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
