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
import { getRouteAttributes, methodName, type RouteAttributes } from './http-attributes.ts'
import { type ServerSpanInput, serverAttributes } from './server-attributes.ts'

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
