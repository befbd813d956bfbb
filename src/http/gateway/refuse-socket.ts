import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Problem } from '../../contract/index.ts'
import { correlate } from '../../kernel/index.ts'
import type { GatewayPorts } from './ports.ts'
import { toReply } from './send.ts'

const CLOSE_MS = 1_000

/** Answers on a connection where no request could be made out, and closes it. */
export function refuseSocket(
  socket: Duplex,
  problem: Problem,
  { log, metrics }: Pick<GatewayPorts, 'log' | 'metrics'>,
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
  const limit = setTimeout(() => socket.destroy(), CLOSE_MS).unref()
  socket.on('error', () => {}).resume()
  socket.once('close', () => clearTimeout(limit))
  metrics.spared(problem.code)
  log.info({ status, correlationId, reason: problem.code, bytes: Buffer.byteLength(body) }, 'request')
}
