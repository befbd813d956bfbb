import { EVENT_STREAM, type Route } from '../../../contract/index.ts'
import { freePassedBytes } from '../../../kernel/index.ts'
import { upgradeOf } from '../../accept-upgrades.ts'
import { drainRequest } from '../../drain-request.ts'
import type { GatewayContext } from '../context.ts'
import { toClientHeaders, toClientHeadersOfService, trailersOf } from '../headers.ts'
import { positionHeaders } from '../positions.ts'
import type { ResponseHeaders, ResponseSink } from './upstream-request.ts'

/** How long the rest of a request is read of which the function did not want more. */
const LINGER_MS = 1_000

/** Sends a response to the caller, no faster than the caller reads. One that breaks off breaks the caller's connection. */
export function createClientSink(context: GatewayContext): ResponseSink {
  const { request, response, stallTimeoutMs, responseHeaders } = context
  const service = context.route?.upstream
  let trailers: readonly string[] = []
  const sink: ResponseSink = {
    onDrain: undefined,
    start: (status, headers) => {
      trailers = mayHaveTrailers(context, status, headers) ? trailersOf(headers) : []
      response.writeHead(status, [
        ...(service
          ? toClientHeadersOfService(headers, responseHeaders, service)
          : [...toClientHeaders(headers, responseHeaders), ...positionHeaders(context, headers)]),
        ...(trailers.length > 0 ? ['trailer', trailers.join(', ')] : []),
        // An upload that is still under way, and may never end.
        ...(context.bodyStream && !request.complete ? ['connection', 'close'] : []),
        'x-correlation-id',
        context.correlationId,
      ])
      // Node would wait for the first event.
      if (headers['content-type']?.toString().startsWith(EVENT_STREAM)) response.flushHeaders()
      response.on('drain', () => {
        response.setTimeout(0)
        sink.onDrain?.()
      })
    },
    write: (chunk) => {
      context.bytes += chunk.length
      freePassedBytes(chunk.length)
      if (response.write(chunk)) return true
      response.setTimeout(stallTimeoutMs)
      return false
    },
    end: (sent = {}) => {
      if (trailers.length > 0) response.addTrailers(pick(sent, trailers))
      response.setTimeout(stallTimeoutMs)
      if (!context.bodyStream || request.complete) return void response.end()
      // Closed at once, the caller might lose the response to what it still sends.
      void drainRequest(request, LINGER_MS).then(() => response.end())
    },
    fail: () => void response.destroy(),
    switchProtocols: context.route?.upgrade && createSwitch(context, context.route.upgrade),
  }
  return sink
}

/** Sends the 101 of a function, and then passes bytes both ways. */
function createSwitch(context: GatewayContext, limits: NonNullable<Route['upgrade']>): ResponseSink['switchProtocols'] {
  const { request, response, tunnels, correlationId, responseHeaders } = context
  const { head } = upgradeOf(request) ?? {}
  return async function switchProtocols(headers, upstream) {
    const { socket: caller } = request
    response.writeHead(101, [
      ...toClientHeaders(headers, responseHeaders),
      ...['x-correlation-id', correlationId, 'upgrade', 'websocket', 'connection', 'Upgrade'],
    ])
    response.flushHeaders()
    if (head && head.length > 0) caller.unshift(head)
    await tunnels.open({ functionName: context.route?.name ?? '', caller, upstream }, limits)
  }
}

/** Trailers need chunks (RFC 9112, 7.1.2), which neither an older client knows nor a response without a body has. */
const mayHaveTrailers = ({ request, method }: GatewayContext, status: number, headers: ResponseHeaders) =>
  headers.trailer !== undefined &&
  headers['content-length'] === undefined &&
  request.httpVersion === '1.1' &&
  method !== 'HEAD' &&
  status !== 204 &&
  status !== 304

const pick = (trailers: ResponseHeaders, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => (trailers[name] === undefined ? [] : [[name, [trailers[name]].flat().join(', ')]])),
  )
