import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { MAX_STREAM_LIMIT_MS, Problem } from '../../contract/index.ts'
import { acceptUpgrades, isWebSocketRequest } from '../accept-upgrades.ts'
import { MAX_CALLER_HEADER_BYTES } from '../header-limits.ts'
import { throttleLog } from '../throttle-log.ts'
import { createGatewayContext, type GatewayContext } from './context.ts'
import type { GatewayDependencies, GatewayLimits } from './dependencies.ts'
import { createExplainer, type ExplainRequest } from './explain-request.ts'
import { createPipeline } from './pipeline.ts'
import { refuseSocket } from './send-reply.ts'
import { HEADERS_TOO_LARGE, methodNotServed } from './steps/normalise.ts'
import { createTunnels } from './upstream/tunnels.ts'

export interface GatewayOptions extends Partial<GatewayLimits> {
  /** For the headers of a request; default: 30 s. */
  readonly headersTimeoutMs?: number
  /** The number of proxies in front of the gateway whose X-Forwarded-* is trusted; default: 0. */
  readonly trustedHops?: number
  /** The certificate and its key, in PEM, with which the server speaks TLS 1.2 and later; default: plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  /** Log lines per second of each level; default: 1,000. */
  readonly linesPerSecond?: number
}

/** Longer than proxies in front of the gateway keep idle connections. */
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

/** Beyond `maxConnections`, for refusals and probes. */
const RESERVE_CONNECTIONS = 256
/** For the one request that such a connection may send. */
const RESERVE_TIMEOUT_MS = 2_000

interface Connection {
  /** Its requests that are not answered yet, in order. */
  readonly pending: Set<GatewayContext>
  /** Whether it is beyond `maxConnections`. */
  readonly overLimit: boolean
  /** Whether further bytes are ignored, since it is not known where a request would begin. */
  closing: boolean
}

const HANDSHAKE_TIMEOUT_MS = 10_000

/**
 * Creates the public server, not yet listening: one for https where it is given a certificate. It also explains what it would
 * do with a request.
 */
export function createGatewayServer(
  given: GatewayDependencies,
  { headersTimeoutMs = 30_000, trustedHops = 0, tls, linesPerSecond, ...givenLimits }: GatewayOptions = {},
): (Server | TlsServer) & { readonly explain: ExplainRequest } {
  const { metrics } = given
  const log = throttleLog(given.log, { linesPerSecond, onDropped: () => metrics.shed('log_lines') })
  const limits: GatewayLimits = { ...DEFAULT_LIMITS, ...givenLimits }
  const { handle, steps } = createPipeline({ ...given, log }, limits)
  const { tunnels = createTunnels() } = given.upstream
  const options = {
    maxHeaderSize: MAX_CALLER_HEADER_BYTES,
    headersTimeout: headersTimeoutMs,
    // A backstop; the steps have their own limits.
    requestTimeout: headersTimeoutMs + Math.max(limits.bodyTimeoutMs, MAX_STREAM_LIMIT_MS) + SLACK_MS,
    connectionsCheckingInterval: Math.min(headersTimeoutMs, SLACK_MS),
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Left to `normalise`, so that the response is a Problem.
    requireHostHeader: false,
    // Any other wish to upgrade is ignored. One that comes behind another request waits for nothing: it is no WebSocket.
    shouldUpgradeCallback: (request: IncomingMessage) =>
      isWebSocketRequest(request) &&
      connectionOf(request.socket).pending.size === 0 &&
      given.contracts().routes.some((route) => route.upgrade),
  }
  const tlsOptions = {
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  } as const
  const server = tls ? createTlsServer({ ...options, ...tlsOptions, ...tls }) : createServer(options)
  // Node would drop headers beyond a number silently; their bytes are limited already.
  server.maxHeadersCount = 0
  server.maxConnections = limits.maxConnections + RESERVE_CONNECTIONS
  server.on('drop', () => metrics.shed('connections'))

  const connections = new WeakMap<Duplex, Connection>()
  let open = 0
  const connectionOf = (socket: Duplex): Connection => {
    const connection = connections.get(socket)
    if (!connection) throw new Error('a request came on a connection that was not recorded')
    return connection
  }
  // The socket that requests come on; before it there is a handshake where the server speaks TLS.
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    const overLimit = ++open > limits.maxConnections
    socket.once('close', () => open--)
    if (overLimit) socket.setTimeout(RESERVE_TIMEOUT_MS)
    connections.set(socket, { pending: new Set(), overLimit, closing: false })
  })

  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const connection = connectionOf(request.socket)
    if (connection.closing) return void request.resume()
    const context = createGatewayContext(request, response, {
      ...{ overConnectionLimit: connection.overLimit, trustedHops, stallTimeoutMs: limits.stallTimeoutMs, tunnels },
    })
    const earlier = [...connection.pending].at(-1)
    connection.pending.add(context)
    response.once('close', () => connection.pending.delete(context))
    // Node's parser takes what follows for bytes of the other protocol, and loses some of them.
    if (request.headers.upgrade !== undefined) {
      connection.closing = true
      response.shouldKeepAlive = false
    }
    const start = () => {
      if (!request.socket.writable) return
      handle(context).catch((error: unknown) => {
        log.error({ err: error, correlationId: context.correlationId }, 'a response cannot be sent')
        response.destroy()
      })
    }
    // Pipelined: the response before this one may be the connection's last, after which nothing takes effect (RFC 9112, 9.6).
    if (earlier) earlier.response.once('close', start)
    else start()
  }
  server.on('request', onRequest)
  acceptUpgrades(server)
  // Left to the steps: takeBody sends 100, normalise 417. Emitted as `request`, so that `drain` sees them.
  for (const name of ['checkContinue', 'checkExpectation']) {
    server.on(name, (request, response) => server.emit('request', request, response))
  }

  /** Refuses the last input on a connection, after the responses to all requests before it. */
  const refuse = (socket: Duplex, problem: Problem) => {
    const connection = connectionOf(socket)
    if (connection.closing) return
    connection.closing = true
    const last = [...connection.pending].at(-1)
    if (!last) return refuseSocket(socket, problem, { log, metrics })
    if (!last.request.complete) last.abort(problem)
    if (!last.response.headersSent) last.response.shouldKeepAlive = false
    else last.response.once('close', () => socket.writable && refuseSocket(socket, problem, { log, metrics }))
  }
  server.on('connect', (_request, socket) => {
    socket.on('error', () => {})
    refuse(socket, methodNotServed('CONNECT'))
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy()
    else refuse(socket, parseErrorToProblem(error))
  })
  const { stallTimeoutMs } = limits
  const explain = createExplainer(steps, { trustedHops, stallTimeoutMs, encrypted: tls !== undefined })
  return Object.assign(server, { explain })
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
      return new Problem('bad_request', 400, 'This is not a well-formed HTTP request.', options)
  }
}
