import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import {
  type Attributes,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { createBoundedMap, getOrCreate } from '../kernel/bounded-map.ts'
import {
  getRouteAttributes,
  methodAttributes,
  methodName,
  type RouteAttributes,
  redactSignatures,
} from './http-attributes.ts'

/** One completed request. */
export interface CompletedRequest {
  readonly method: string
  /** 499 where the caller closed the connection first. */
  readonly status: number
  readonly seconds: number
  readonly routeAttributes: RouteAttributes | undefined
}

interface ServerSpansOptions extends Pick<ServerSpanInput, 'isBehindGateway'> {
  readonly tracer: Tracer
  /** Whether the attributes of spans are limited, which is left to the SDK. */
  readonly limitsAttributes: boolean
  /** Called with each completed request before its span ends. Returns additional attributes of the span. */
  readonly onCompleted: (request: CompletedRequest) => Attributes | undefined
}

interface RequestStart {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly socket: Socket
}

const CLIENT_CLOSED_REQUEST = 499

/** Creates a SERVER span for each request to this process (HTTP semantic conventions, stable), except for probes. */
export function traceServer({ tracer, limitsAttributes, isBehindGateway, onCompleted }: ServerSpansOptions): void {
  const describe = limitsAttributes
    ? (span: Span, attributes: Attributes) => span.setAttributes(attributes)
    : addAttributes
  subscribe('http.server.request.start', (message) => {
    // Node publishes these three with each request.
    const { request, response, socket } = message as RequestStart
    const { url = '', headers, method = '' } = request
    if (url.startsWith('/_/')) return
    const startedAt = performance.now()
    const parent = headers.traceparent ? propagation.extract(ROOT_CONTEXT, headers) : ROOT_CONTEXT
    const name = methodName(method)
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER }, parent)
    // Node handles each request in an async context of its own, which this fills.
    context.attach(trace.setSpan(parent, span))
    response.on('close', () => {
      const routeAttributes = getRouteAttributes(request)
      const status = response.writableFinished ? response.statusCode : CLIENT_CLOSED_REQUEST
      const more = onCompleted({ method, status, routeAttributes, seconds: (performance.now() - startedAt) / 1_000 })
      if (span.isRecording()) {
        describe(span, serverAttributes({ request, socket, isBehindGateway, status, routeAttributes }))
        if (more) describe(span, more)
        if (routeAttributes) span.updateName(`${name} ${routeAttributes.route}`)
        if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      }
      span.end()
    })
  })
}

interface ServerSpanInput {
  readonly request: IncomingMessage
  readonly socket: Socket
  /** Whether X-Forwarded-For and -Host are the gateway's; otherwise any caller may have made them up. */
  readonly isBehindGateway: boolean
  readonly status: number
  readonly routeAttributes: RouteAttributes | undefined
}

/** The attributes of a SERVER span of a completed request (HTTP and FaaS semantic conventions, stable). */
function serverAttributes({ request, socket, isBehindGateway, status, routeAttributes }: ServerSpanInput): Attributes {
  const { url = '', method = '', headers, httpVersion } = request
  const { remoteAddress, remotePort } = socket
  const { host, 'user-agent': userAgent, 'x-forwarded-for': forwardedFor, 'x-forwarded-host': forwardedHost } = headers
  const queryAt = url.indexOf('?')
  const attributes: Attributes = {
    ...methodAttributes(method),
    'url.scheme': 'http',
    'url.path': queryAt < 0 ? url : url.slice(0, queryAt),
    'network.protocol.version': httpVersion,
    'http.response.status_code': status,
  }
  if (queryAt >= 0) attributes['url.query'] = redactSignatures(url.slice(queryAt + 1))
  const server = addressOf(isBehindGateway && typeof forwardedHost === 'string' ? forwardedHost : host)
  if (server) {
    attributes['server.address'] = server.name
    attributes['server.port'] = server.port
  }
  if (remoteAddress) attributes['network.peer.address'] = remoteAddress
  if (remotePort) attributes['network.peer.port'] = remotePort
  const client = isBehindGateway && typeof forwardedFor === 'string' ? forwardedFor.split(',', 1)[0] : remoteAddress
  if (client) attributes['client.address'] = client
  if (userAgent) attributes['user_agent.original'] = userAgent
  if (routeAttributes) attributes['http.route'] = routeAttributes.route
  if (routeAttributes?.trigger) attributes['faas.trigger'] = routeAttributes.trigger
  if (routeAttributes?.tenant) attributes['ebb.tenant'] = routeAttributes.tenant
  if (status >= 500) attributes['error.type'] = String(status)
  return attributes
}

interface Address {
  readonly name: string
  readonly port: number
}

const MAX_ADDRESSES = 100
const addresses = /* @__PURE__ */ createBoundedMap<string, Address | null>(MAX_ADDRESSES)

/** The address in a Host header; there are few, and each comes with many requests. Null where it is malformed. */
const addressOf = (host: string | undefined): Address | null =>
  host === undefined ? null : getOrCreate(addresses, host, parseAddress)

function parseAddress(host: string): Address | null {
  const url = URL.parse(`http://${host}`)
  return url && { name: url.hostname, port: Number(url.port || 80) }
}

/**
 * Adds attributes of ours to a span: few, and only strings, numbers and booleans. `setAttributes` of the SDK searches each
 * value for cycles, with a WeakSet for each, which adds a third to what a span costs (bench/own-parts/spans.ts).
 */
export function addAttributes(span: Span, attributes: Attributes): void {
  if (!('attributes' in span)) return void span.setAttributes(attributes)
  const described = span as { attributes: Attributes }
  described.attributes = isEmpty(described.attributes) ? attributes : { ...described.attributes, ...attributes }
}

function isEmpty(attributes: Attributes): boolean {
  for (const _name in attributes) return false
  return true
}
