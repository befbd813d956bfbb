import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`

export interface ReceivedCallback {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly message: {
    readonly type: string
    readonly timestamp: string
    readonly data: { readonly id: string; readonly state: string } & Readonly<Record<string, unknown>>
  }
  readonly isSigned: boolean
}

/** A server that takes callbacks, and answers each with what `answer` says; default: 204. */
export async function startReceiver(answer: (received: ReceivedCallback) => number = () => 204) {
  const received: ReceivedCallback[] = []
  const server = createServer(async (request, response) => {
    const { headers, url: path = '' } = request
    const body = await text(request)
    const one = { path, headers, message: JSON.parse(body), isSigned: isSigned(headers, body) }
    received.push(one)
    response.writeHead(answer(one)).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address.
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { received, host, url: `http://${host}/hook`, close: () => void server.close().closeAllConnections() }
}

/** As a receiver would check it, by the text of the specification. */
function isSigned(headers: IncomingHttpHeaders, body: string): boolean {
  const key = Buffer.from(SECRET.replace('whsec_', ''), 'base64')
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const isFresh = Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1_000) < 300
  return isFresh && headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(content).digest('base64')}`
}
