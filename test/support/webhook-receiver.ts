import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A server of a customer's; answers with what `answer` says, a status, or never (default: 204), and keeps what it got. */
export async function startReceiver(
  answer: (received: Received) => number | 'never' | Promise<number> = () => 204,
  { keep = true }: { readonly keep?: boolean } = {},
) {
  const received: Received[] = []
  let connections = 0
  const server = createServer(async (request, response) => {
    const one = { path: request.url ?? '', headers: request.headers, body: await text(request) }
    if (keep) received.push(one)
    const status = await answer(one)
    if (status !== 'never') response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
  }).on('connection', () => void connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address.
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    ...{ received, host, url: `http://${host}/hook` },
    connections: () => connections,
    close: () => void server.close().closeAllConnections(),
  }
}

/** Whether the official verifier takes it. */
export function isGenuine({ body, headers }: Received, secret: string): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>)
    return true
  } catch {
    return false
  }
}
