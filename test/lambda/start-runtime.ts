import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

export interface Invoked {
  readonly what: 'response' | 'error'
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

/** The runtime interface of AWS Lambda, as its documentation describes it, for one process of a function. */
export async function startRuntime() {
  const waiting: {
    readonly payload: unknown
    readonly limitMs: number
    readonly resolve: (invoked: Invoked) => void
  }[] = []
  const running = new Map<string, (invoked: Invoked) => void>()
  let asking: ServerResponse | undefined
  const match = () => {
    const invocation = asking && waiting.shift()
    if (!asking || !invocation) return
    const id = randomUUID()
    running.set(id, invocation.resolve)
    const deadline = Date.now() + invocation.limitMs
    asking.writeHead(200, { 'lambda-runtime-aws-request-id': id, 'lambda-runtime-deadline-ms': deadline })
    asking.end(JSON.stringify(invocation.payload))
    asking = undefined
  }
  const server = createServer(async (request, response) => {
    const [id = '', what = ''] = (request.url ?? '').split('/').slice(-2)
    if (what === 'next') {
      asking = response
      return match()
    }
    running.get(id)?.({ what: what as Invoked['what'], headers: request.headers, body: await json(request) })
    response.writeHead(202).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    // A server that listens on a port has an address.
    api: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Resolves to what the function says of this payload. */
    invoke: (payload: unknown, { limitMs = 30_000 } = {}) =>
      new Promise<Invoked>((resolve) => {
        waiting.push({ payload, limitMs, resolve })
        match()
      }),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
