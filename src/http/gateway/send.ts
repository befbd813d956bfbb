import type { IncomingMessage } from 'node:http'
import { Problem, problemJson } from '../../contract/index.ts'
import { freeBytes } from '../free-bytes.ts'
import type { Exchange } from './exchange.ts'
import { withAdded } from './headers.ts'
import type { Answer, Reply } from './pipeline.ts'
import type { GatewayLimits } from './ports.ts'

/** What is rather read and dropped than made a reason to close the connection. */
const DROPPED_BYTES = 1024 * 1024

/**
 * Sends an answer of the gateway's own. Where the request is still coming in and too long to be dropped, the answer
 * goes out at once, and the connection closes when the caller has had the time to read it.
 */
export async function send(
  exchange: Exchange,
  answer: Answer,
  { lingerMs, stallTimeoutMs }: Pick<GatewayLimits, 'lingerMs' | 'stallTimeoutMs'>,
) {
  const { request, response, correlationId } = exchange
  if (response.headersSent || response.destroyed) return
  const { status, headers, body } = toReply(answer, correlationId)
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const closing = headers.connection === 'close' || mustClose(request)
  response.writeHead(status, {
    ...withAdded(headers, exchange.answerHeaders),
    ...(status === 204 ? {} : { 'content-length': bytes.length }),
    ...(closing ? { connection: 'close' } : {}),
    'x-correlation-id': correlationId,
  })
  response.setTimeout(stallTimeoutMs)
  exchange.bytes = request.method === 'HEAD' ? 0 : bytes.length
  if (!closing || request.complete) return void response.end(bytes)
  response.flushHeaders()
  response.write(bytes)
  await endOf(request, lingerMs)
  response.end()
}

/** A Problem as callers see it. */
export function toReply(answer: Answer, correlationId: string): Reply {
  if (!(answer instanceof Problem)) return answer
  const headers = { ...answer.headers, 'content-type': 'application/problem+json' }
  return { status: answer.status, headers, body: problemJson(answer, correlationId) }
}

/** Whether what is left of the request is too long, or might never come. */
function mustClose({ complete, headers }: IncomingMessage): boolean {
  const chunked = headers['transfer-encoding'] !== undefined
  const declared = Number(headers['content-length'] ?? 0)
  if (complete || (!chunked && declared === 0)) return false
  return chunked || declared > DROPPED_BYTES || headers.expect !== undefined
}

function endOf(request: IncomingMessage, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(resolve, limitMs)
    request.once('close', () => {
      clearTimeout(limit)
      resolve()
    })
    request.on('data', freeBytes)
  })
}
