import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { context, propagation, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import { clientAttributes } from './client-attributes.ts'
import { methodName } from './http-attributes.ts'

/** What undici's channels publish of a request (undici, DiagnosticsChannel). */
interface UndiciRequest {
  readonly origin: string | URL
  readonly path: string
  readonly method: string
  /** Names and values, alternating. */
  readonly headers: string[]
}

/** Creates a CLIENT span for each request that undici sends while a span is active, and propagates its context. */
export function traceUndici(tracer: Tracer): void {
  const spans = new WeakMap<UndiciRequest, Span>()
  const on = <Message>(name: string, handle: (message: Message, span: Span) => void) =>
    subscribe(`undici:${name}`, (message) => {
      // undici publishes the shape that the channel's handler declares.
      const published = message as Message & { readonly request: UndiciRequest }
      const span = spans.get(published.request)
      if (span) handle(published, span)
    })
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: UndiciRequest }
    if (!trace.getActiveSpan()) return
    const span = tracer.startSpan(methodName(request.method), {
      kind: SpanKind.CLIENT,
      attributes: clientAttributes(request),
    })
    spans.set(request, span)
    const carrier: Record<string, string> = {}
    propagation.inject(trace.setSpan(context.active(), span), carrier)
    for (const [name, value] of Object.entries(carrier)) setHeader(request, name, value)
  })
  on<{ socket: Socket }>('client:sendHeaders', ({ socket: { remoteAddress, remotePort } }, span) => {
    if (remoteAddress && remotePort)
      span.setAttributes({ 'network.peer.address': remoteAddress, 'network.peer.port': remotePort })
  })
  on<{ response: { statusCode: number } }>('request:headers', ({ response: { statusCode } }, span) => {
    span.setAttributes({ 'http.response.status_code': statusCode, 'network.protocol.version': '1.1' })
    if (statusCode < 400) return
    span.setAttribute('error.type', String(statusCode))
    span.setStatus({ code: SpanStatusCode.ERROR })
  })
  on('request:trailers', (_message, span) => span.end())
  on<{ error: NodeJS.ErrnoException }>('request:error', ({ error }, span) => {
    span.recordException(error)
    span.setAttribute('error.type', error.code ?? error.name)
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message })
    span.end()
  })
}

/** Replaces the header that the caller set, whose span is the parent of this one. */
function setHeader({ headers }: UndiciRequest, name: string, value: string) {
  const index = headers.indexOf(name)
  if (index < 0) headers.push(name, value)
  else headers[index + 1] = value
}
