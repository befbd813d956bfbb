import type { GatewayContext } from '../context.ts'
import { toClientHeaders, toClientHeadersOfService } from '../headers.ts'
import type { ResponseSink } from './upstream-request.ts'

/** Sends a response to the caller, no faster than the caller reads. One that breaks off breaks the caller's connection. */
export function createClientSink(context: GatewayContext): ResponseSink {
  const { response, stallTimeoutMs, responseHeaders } = context
  const service = context.route?.upstream
  const sink: ResponseSink = {
    onDrain: undefined,
    start: (status, headers) => {
      response.writeHead(status, [
        ...(service
          ? toClientHeadersOfService(headers, responseHeaders, service)
          : toClientHeaders(headers, responseHeaders)),
        'x-correlation-id',
        context.correlationId,
      ])
      response.on('drain', () => {
        response.setTimeout(0)
        sink.onDrain?.()
      })
    },
    write: (chunk) => {
      context.bytes += chunk.length
      if (response.write(chunk)) return true
      response.setTimeout(stallTimeoutMs)
      return false
    },
    end: () => void response.setTimeout(stallTimeoutMs).end(),
    fail: () => void response.destroy(),
  }
  return sink
}
