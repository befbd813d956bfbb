import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { Problem, problemJson } from '../../contract/index.ts'
import { correlate } from '../../telemetry/index.ts'
import { freeBytes } from '../read-body.ts'
import type { GatewayContext } from './context.ts'
import type { GatewayDependencies, GatewayLimits } from './dependencies.ts'
import { mergeHeaders } from './headers.ts'
import type { Outcome, Reply } from './pipeline.ts'

/** What is rather read and dropped than made a reason to close the connection. */
const MAX_DRAINED_BYTES = 1024 * 1024

/**
 * Sends an answer of the gateway's own. Where the request is still coming in and too long to be dropped, the answer
 * goes out at once, and the connection closes when the caller has had the time to read it.
 */
export async function sendReply(
  exchange: GatewayContext,
  answer: Outcome,
  { lingerMs, stallTimeoutMs }: Pick<GatewayLimits, 'lingerMs' | 'stallTimeoutMs'>,
) {
  const { request, response, correlationId } = exchange
  if (response.headersSent || response.destroyed) return
  const { status, headers, body } = toReply(answer, correlationId)
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const closing = headers.connection === 'close' || mustClose(request)
  response.writeHead(status, {
    ...mergeHeaders(headers, exchange.responseHeaders),
    ...(status === 204 ? {} : { 'content-length': bytes.length }),
    ...(closing ? { connection: 'close' } : {}),
    'x-correlation-id': correlationId,
  })
  response.setTimeout(stallTimeoutMs)
  exchange.bytes = request.method === 'HEAD' ? 0 : bytes.length
  if (!closing || request.complete) return void response.end(bytes)
  response.flushHeaders()
  response.write(bytes)
  await drainRequest(request, lingerMs)
  response.end()
}

/** A Problem as callers see it. */
function toReply(answer: Outcome, correlationId: string): Reply {
  if (!(answer instanceof Problem)) return answer
  const headers = { ...answer.headers, 'content-type': 'application/problem+json' }
  return { status: answer.status, headers, body: problemJson(answer, correlationId) }
}

/** Whether what is left of the request is too long, or might never come. */
function mustClose({ complete, headers }: IncomingMessage): boolean {
  const chunked = headers['transfer-encoding'] !== undefined
  const declared = Number(headers['content-length'] ?? 0)
  if (complete || (!chunked && declared === 0)) return false
  return chunked || declared > MAX_DRAINED_BYTES || headers.expect !== undefined
}

function drainRequest(request: IncomingMessage, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(resolve, limitMs)
    request.once('close', () => {
      clearTimeout(limit)
      resolve()
    })
    request.on('data', freeBytes)
  })
}

const CLOSE_TIMEOUT_MS = 1_000

/** Answers on a connection where no request could be made out, and closes it. */
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
  // What the client still sends is dropped meanwhile: a reset would take the answer from it.
  const limit = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS).unref()
  socket.on('error', () => {}).resume()
  socket.once('close', () => clearTimeout(limit))
  metrics.shortCircuited(problem.code)
  log.info({ status, correlationId, reason: problem.code, bytes: Buffer.byteLength(body) }, 'request')
}
