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
import {
  getRouteAttributes,
  methodAttributes,
  methodName,
  type RouteAttributes,
  redactSignatures,
} from './http-attributes.ts'

/** One request that is over. */
export interface CompletedRequest {
  readonly method: string
  /** 499 where the caller hung up first. */
  readonly status: number
  readonly seconds: number
  readonly routeAttributes: RouteAttributes | undefined
}

interface ServerSpansOptions extends Pick<ServerSpanInput, 'isBehindGateway'> {
  readonly tracer: Tracer
  /** Whether a limit of attributes was set, which the SDK must see to. */
  readonly limitsAttributes: boolean
  /** Told of each request when it is over, before its span ends; answers what its span says beyond the usual. */
  readonly onCompleted: (served: CompletedRequest) => Attributes | undefined
}

interface RequestStart {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly socket: Socket
}

const CLIENT_CLOSED_REQUEST = 499

/** A SERVER span for each request that this process takes in (HTTP semantic conventions, stable), but for the probes. */
export function traceServer({ tracer, limitsAttributes, isBehindGateway, onCompleted }: ServerSpansOptions): void {
  const describe = limitsAttributes
    ? (span: Span, attributes: Attributes) => span.setAttributes(attributes)
    : addAttributes
  subscribe('http.server.request.start', (message) => {
    // Node publishes these with each request.
    const { request, response, socket } = message as RequestStart
    const { url = '', headers, method = '' } = request
    if (url.startsWith('/_/')) return
    const beganAt = performance.now()
    const parent = headers.traceparent ? propagation.extract(ROOT_CONTEXT, headers) : ROOT_CONTEXT
    const name = methodName(method)
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER }, parent)
    // Node runs the handling of each request in a context of its own, which this one fills.
    context.attach(trace.setSpan(parent, span))
    response.on('close', () => {
      const routeAttributes = getRouteAttributes(request)
      const status = response.writableFinished ? response.statusCode : CLIENT_CLOSED_REQUEST
      const more = onCompleted({ method, status, routeAttributes, seconds: (performance.now() - beganAt) / 1_000 })
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
  /** Then who calls whom is in X-Forwarded-For and -Host, which from anybody else are no more than claims. */
  readonly isBehindGateway: boolean
  readonly status: number
  readonly routeAttributes: RouteAttributes | undefined
}

/** What a SERVER span says of a request that is over (HTTP and FaaS semantic conventions, stable). */
function serverAttributes({ request, socket, isBehindGateway, status, routeAttributes }: ServerSpanInput): Attributes {
  const { url = '', method = '', headers, httpVersion } = request
  const { remoteAddress, remotePort } = socket
  const { host, 'user-agent': userAgent, 'x-forwarded-for': forwardedFor, 'x-forwarded-host': forwardedHost } = headers
  const question = url.indexOf('?')
  const attributes: Attributes = {
    ...methodAttributes(method),
    'url.scheme': 'http',
    'url.path': question < 0 ? url : url.slice(0, question),
    'network.protocol.version': httpVersion,
    'http.response.status_code': status,
  }
  if (question >= 0) attributes['url.query'] = redactSignatures(url.slice(question + 1))
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
  if (status >= 500) attributes['error.type'] = String(status)
  return attributes
}

interface Address {
  readonly name: string
  readonly port: number
}

const addresses = new Map<string, Address | undefined>()
const MAX_ADDRESSES = 100

/** Of a Host header; there are few, and each comes with many requests. */
function addressOf(host: string | undefined): Address | undefined {
  if (host === undefined || addresses.has(host)) return addresses.get(host ?? '')
  const url = URL.parse(`http://${host}`)
  const address = url ? { name: url.hostname, port: Number(url.port || 80) } : undefined
  if (addresses.size < MAX_ADDRESSES) addresses.set(host, address)
  return address
}

/**
 * Gives a span attributes of ours: few, and none but strings, numbers and booleans. The SDK's own way looks through each
 * value for cycles, with a WeakSet for each, which took as long as all else that it does about a span.
 */
function addAttributes(span: Span, attributes: Attributes): void {
  if (!('attributes' in span)) return void span.setAttributes(attributes)
  const described = span as { attributes: Attributes }
  described.attributes = isEmpty(described.attributes) ? attributes : { ...described.attributes, ...attributes }
}

function isEmpty(attributes: Attributes): boolean {
  for (const _name in attributes) return false
  return true
}
