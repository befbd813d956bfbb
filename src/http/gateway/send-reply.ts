import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { Problem, problemJson } from '../../contract/index.ts'
import { correlate } from '../../telemetry/index.ts'
import { drainRequest } from '../drain-request.ts'
import type { GatewayContext, Outcome, Reply } from './context.ts'
import type { GatewayDependencies, GatewayLimits } from './dependencies.ts'
import { mergeHeaders } from './headers.ts'

/** Up to this size, the rest of a request is read and dropped to keep the connection open. */
const MAX_DRAINED_BYTES = 1024 * 1024

/**
 * Sends a reply of the gateway's own. Where the request is still arriving and too long to be dropped, the reply is sent at
 * once, and the connection closes when the caller has had the time to read it.
 */
export async function sendReply(
  context: GatewayContext,
  outcome: Outcome,
  { lingerMs, stallTimeoutMs }: Pick<GatewayLimits, 'lingerMs' | 'stallTimeoutMs'>,
) {
  const { request, response, correlationId } = context
  if (response.headersSent || response.destroyed) return
  const { status, headers, body } = toReply(outcome, correlationId)
  // A text is sent with its head: as one text, too, and not as two buffers.
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  const closing = headers.connection === 'close' || mustClose(request)
  response.writeHead(status, {
    ...mergeHeaders(headers, context.responseHeaders),
    // A 304 has the length of what the caller has already, or none.
    ...(status === 204 || status === 304 ? {} : { 'content-length': length }),
    ...(closing ? { connection: 'close' } : {}),
    'x-correlation-id': correlationId,
  })
  response.setTimeout(stallTimeoutMs)
  context.bytes = request.method === 'HEAD' ? 0 : length
  if (!closing || request.complete) return void response.end(body)
  response.flushHeaders()
  response.write(body)
  await drainRequest(request, lingerMs)
  response.end()
}

function toReply(outcome: Outcome, correlationId: string): Reply {
  if (!(outcome instanceof Problem)) return outcome
  const headers = { ...outcome.headers, 'content-type': 'application/problem+json' }
  return { status: outcome.status, headers, body: problemJson(outcome, correlationId) }
}

/** Whether the rest of the request is too long to be read, or might never arrive. */
function mustClose({ complete, headers }: IncomingMessage): boolean {
  const chunked = headers['transfer-encoding'] !== undefined
  const declaredBytes = Number(headers['content-length'] ?? 0)
  if (complete || (!chunked && declaredBytes === 0)) return false
  return chunked || declaredBytes > MAX_DRAINED_BYTES || headers.expect !== undefined
}

const CLOSE_TIMEOUT_MS = 1_000

/** Sends a Problem on a connection where no request could be parsed, and closes it. */
export function refuseSocket(
  socket: Duplex,
  problem: Problem,
  { log, metrics }: Pick<GatewayDependencies, 'log' | 'metrics'>,
) {
  const { correlationId } = correlate(undefined, undefined)
  const { status, headers, body } = toReply(problem, correlationId)
  const fields = {
    ...headers,
    connection: 'close',
    'content-length': Buffer.byteLength(body),
    'x-correlation-id': correlationId,
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`)
  // What the client still sends is read and dropped: a reset would make it lose the response.
  const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS).unref()
  socket.on('error', () => {}).resume()
  socket.once('close', () => clearTimeout(timer))
  metrics.shortCircuited(problem.code)
  log.info({ status, correlationId, reason: problem.code, bytes: Buffer.byteLength(body) }, 'request')
}
