import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeEach } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export const Order = z.object({ id: z.string(), sku: z.string() })

export const placeOrder = endpoint({
  name: 'place-order',
  summary: 'Take an order.',
  method: 'POST',
  path: '/v1/shops/{shop}/orders',
  params: z.object({ shop: z.string() }),
  query: z.object({ dry: z.boolean().optional(), n: z.number().optional(), tag: z.array(z.string()).optional() }),
  headers: z.object({ 'x-region': z.string().optional() }),
  body: Order.omit({ id: true }),
  reply: { status: 201, body: Order },
  failures: { out_of_stock: 409, closed: 503 },
  access: { scopes: ['orders:write'] },
  idempotent: true,
})
export const listOrders = endpoint({
  name: 'list-orders',
  summary: 'List orders.',
  method: 'GET',
  path: '/v1/orders',
  reply: { status: 200, body: z.array(Order) },
  access: {},
})
export const searchOrders = endpoint({ ...bare(listOrders), name: 'search-orders', method: 'POST', reads: true })
export const countOrders = endpoint({ ...bare(listOrders), name: 'count-orders', method: 'POST' })
export const removeOrders = endpoint({
  ...bare(listOrders),
  name: 'remove-orders',
  method: 'DELETE',
  reply: { status: 204 },
})

function bare<C extends { kind: unknown }>({ kind: _kind, ...shape }: C) {
  return shape
}

export interface ReceivedRequest {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

type Responder = (response: ServerResponse) => void

/** A server that answers each request with the next of the prepared answers, and with the last one from then on. */
export async function scriptedServer() {
  const requests: ReceivedRequest[] = []
  let script: readonly Responder[] = []
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request
    let body = ''
    for await (const chunk of request) body += chunk
    const responder = script[Math.min(requests.length, script.length - 1)]
    requests.push({ method, url, headers, body })
    responder?.(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  beforeEach(() => {
    requests.length = 0
  })
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const respondWith = (...next: readonly Responder[]) => {
    script = next
  }
  return { baseUrl: `http://127.0.0.1:${port}`, requests, respondWith }
}

export const json =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Responder =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))

export const refusal = (status: number, error: string, headers: Readonly<Record<string, string>> = {}) =>
  json(status, { status, error, message: `${error}.`, correlationId: 'c' }, headers)

export const hangUp: Responder = (response) => void response.destroy()
export const never: Responder = () => {}
