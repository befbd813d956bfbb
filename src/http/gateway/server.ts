import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Problem } from '../../contract/index.ts'
import { type Exchange, startExchange } from './exchange.ts'
import type { GatewayLimits, GatewayPorts } from './ports.ts'
import { refuseSocket } from './refuse-socket.ts'
import { exchangeServer } from './serve-exchange.ts'
import { refusedMethod } from './steps/normalise.ts'

export interface GatewayOptions extends Partial<GatewayLimits> {
  /** For the headers of a request; 30 s unless told. */
  readonly headersTimeoutMs?: number
}

const MAX_HEADER_BYTES = 16 * 1024
/** Longer than what stands before us keeps its idle connections. */
const KEEP_ALIVE_MS = 95_000
const SLACK_MS = 5_000

/** The public server, not yet listening. */
export function createGatewayServer(
  ports: GatewayPorts,
  { headersTimeoutMs = 30_000, bodyTimeoutMs = 30_000, lingerMs = 1_000, stallTimeoutMs = 60_000 }: GatewayOptions = {},
): Server {
  const serve = exchangeServer(ports, { bodyTimeoutMs, lingerMs, stallTimeoutMs })
  const latest = new WeakMap<Duplex, Exchange>()
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: headersTimeoutMs,
    // A backstop; the steps have their own limits.
    requestTimeout: headersTimeoutMs + bodyTimeoutMs + SLACK_MS,
    connectionsCheckingInterval: Math.min(headersTimeoutMs, SLACK_MS),
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Refused by normalise, in our own words.
    requireHostHeader: false,
  })
  // Beyond this number Node would drop headers in silence; their bytes are bounded already.
  server.maxHeadersCount = 0

  const take = (request: IncomingMessage, response: ServerResponse) => {
    const exchange = startExchange(request, response)
    latest.set(request.socket, exchange)
    serve(exchange).catch((fault: unknown) => {
      ports.log.error({ err: fault, correlationId: exchange.correlationId }, 'an answer cannot be sent')
      response.destroy()
    })
  }
  server.on('request', take)
  // Answered by the steps too: takeBody says 100, normalise says 417. As `request`, so that `drain` sees them.
  for (const name of ['checkContinue', 'checkExpectation']) {
    server.on(name, (request, response) => server.emit('request', request, response))
  }
  server.on('connect', (_request, socket) => refuseSocket(socket, refusedMethod('CONNECT'), ports))
  server.on('clientError', (fault: NodeJS.ErrnoException, socket) => {
    if (fault.code === 'ECONNRESET' || !socket.writable) return socket.destroy()
    const exchange = latest.get(socket)
    if (!exchange || exchange.response.writableEnded) return refuseSocket(socket, toProblem(fault), ports)
    // The request before the fault is answered still, where all of it came.
    exchange.response.shouldKeepAlive = false
    if (!exchange.request.complete) exchange.abort(toProblem(fault))
  })
  return server
}

function toProblem(cause: NodeJS.ErrnoException): Problem {
  const options = { cause, headers: { connection: 'close' } }
  switch (cause.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('headers_too_large', 431, `The headers may have at most ${MAX_HEADER_BYTES} bytes.`, options)
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new Problem('payload_too_large', 413, 'The chunk extensions are too long.', options)
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('request_timeout', 408, 'The request did not arrive in time.', options)
    default:
      return new Problem('bad_request', 400, 'This is no well-formed HTTP request.', options)
  }
}
