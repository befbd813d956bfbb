import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Serves each function's app on one free port, below its name: `/create-note/v1/notes` is `/v1/notes` of create-note. */
export async function serveApps(apps: ReadonlyMap<string, RequestListener>) {
  const server = createServer((request, response) => {
    const [, name = '', rest = ''] = /^\/([^/]+)(.*)$/.exec(request.url ?? '') ?? []
    request.url = rest
    apps.get(name)?.(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    // A server that listens on a port has an address.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void server.close().closeAllConnections(),
  }
}
