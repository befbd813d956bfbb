import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Problem } from '../../contract/index.ts'
import { MAX_CALLER_HEADER_BYTES } from '../request-parts.ts'
import { throttleLog } from '../throttle-log.ts'
import { createGatewayContext, type GatewayContext } from './context.ts'
import type { GatewayDependencies, GatewayLimits } from './dependencies.ts'
import { createPipeline } from './pipeline.ts'
import { refuseSocket } from './send-reply.ts'
import { HEADERS_TOO_LARGE, methodNotServed } from './steps/normalise.ts'

export interface GatewayOptions extends Partial<GatewayLimits> {
  /** For the headers of a request; 30 s unless told. */
  readonly headersTimeoutMs?: number
  /** The proxies before the gateway whose X-Forwarded-* is true; default: none. */
  readonly trustedHops?: number
  /** Of its log, at each level; 1,000 unless told. */
  readonly linesPerSecond?: number
}

/** Longer than what stands before us keeps its idle connections. */
const KEEP_ALIVE_MS = 95_000
const SLACK_MS = 5_000
const DEFAULT_LIMITS: GatewayLimits = {
  bodyTimeoutMs: 30_000,
  minBodyRate: { bytesPerSecond: 240, graceMs: 5_000 },
  maxBufferedBytes: 64 * 1024 * 1024,
  maxConnections: 4_000,
  lingerMs: 1_000,
  stallTimeoutMs: 60_000,
}

/** Beyond the bound, for refusals and for those who ask whether we are well. */
const RESERVE_CONNECTIONS = 256
/** For the only request that such a connection may send. */
const RESERVE_TIMEOUT_MS = 2_000

interface Connection {
  /** In the order in which they came. */
  readonly pending: Set<GatewayContext>
  /** Whether it is one too many. */
  readonly overLimit: boolean
  /** Whether what still comes on it is no request any more, since nobody can tell where one would begin. */
  closing: boolean
}

/** The public server, not yet listening. */
export function createGatewayServer(
  world: GatewayDependencies,
  { headersTimeoutMs = 30_000, trustedHops = 0, linesPerSecond, ...given }: GatewayOptions = {},
): Server {
  const ports = { ...world, log: throttleLog(world, { linesPerSecond }) }
  const limits: GatewayLimits = { ...DEFAULT_LIMITS, ...given }
  const serve = createPipeline(ports, limits)
  const server = createServer({
    maxHeaderSize: MAX_CALLER_HEADER_BYTES,
    headersTimeout: headersTimeoutMs,
    // A backstop; the steps have their own limits.
    requestTimeout: headersTimeoutMs + limits.bodyTimeoutMs + SLACK_MS,
    connectionsCheckingInterval: Math.min(headersTimeoutMs, SLACK_MS),
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Refused by normalise, in our own words.
    requireHostHeader: false,
  })
  // Beyond this number Node would drop headers in silence; their bytes are bounded already.
  server.maxHeadersCount = 0
  server.maxConnections = limits.maxConnections + RESERVE_CONNECTIONS
  server.on('drop', () => ports.metrics.shed('connections'))

  const connections = new WeakMap<Duplex, Connection>()
  let open = 0
  const connectionOf = (socket: Duplex): Connection => {
    const connection = connections.get(socket)
    if (!connection) throw new Error('a request came on a connection that was never announced')
    return connection
  }
  server.on('connection', (socket) => {
    const overLimit = ++open > limits.maxConnections
    socket.once('close', () => open--)
    if (overLimit) socket.setTimeout(RESERVE_TIMEOUT_MS)
    connections.set(socket, { pending: new Set(), overLimit, closing: false })
  })

  const take = (request: IncomingMessage, response: ServerResponse) => {
    const connection = connectionOf(request.socket)
    if (connection.closing) return void request.resume()
    const exchange = createGatewayContext(request, response, { crowded: connection.overLimit, trustedHops })
    connection.pending.add(exchange)
    response.once('close', () => connection.pending.delete(exchange))
    // Node's parser takes what follows for the other protocol's bytes, and loses some of it.
    if (request.headers.upgrade !== undefined) {
      connection.closing = true
      response.shouldKeepAlive = false
    }
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

  /** Refuses what came last on a connection, after the answers to all that came before. */
  const refuse = (socket: Duplex, problem: Problem) => {
    const connection = connectionOf(socket)
    if (connection.closing) return
    connection.closing = true
    const last = [...connection.pending].at(-1)
    if (!last) return refuseSocket(socket, problem, ports)
    if (!last.request.complete) last.abort(problem)
    if (!last.response.headersSent) last.response.shouldKeepAlive = false
    else last.response.once('close', () => socket.writable && refuseSocket(socket, problem, ports))
  }
  server.on('connect', (_request, socket) => {
    socket.on('error', () => {})
    refuse(socket, methodNotServed('CONNECT'))
  })
  server.on('clientError', (fault: NodeJS.ErrnoException, socket) => {
    if (fault.code === 'ECONNRESET' || !socket.writable) socket.destroy()
    else refuse(socket, parseErrorToProblem(fault))
  })
  return server
}

function parseErrorToProblem(cause: NodeJS.ErrnoException): Problem {
  const options = { cause, headers: { connection: 'close' } }
  switch (cause.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('headers_too_large', 431, HEADERS_TOO_LARGE, options)
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new Problem('payload_too_large', 413, 'The chunk extensions are too long.', options)
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('request_timeout', 408, 'The request did not arrive in time.', options)
    default:
      return new Problem('bad_request', 400, 'This is no well-formed HTTP request.', options)
  }
}
