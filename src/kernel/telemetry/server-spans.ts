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
import { describeSpan } from './describe-span.ts'
import { methodName } from './http-attributes.ts'
import { factsOf, type RequestFacts } from './request-facts.ts'
import { type Exchanged, serverAttributes } from './server-attributes.ts'

/** One request that is over. */
export interface Served {
  readonly method: string
  /** 499 where the caller hung up first. */
  readonly status: number
  readonly seconds: number
  readonly facts: RequestFacts | undefined
}

export interface ServerSpansOptions extends Pick<Exchanged, 'isBehindGateway'> {
  readonly tracer: Tracer
  /** Whether a limit of attributes was set, which the SDK must see to. */
  readonly limitsAttributes: boolean
  /** Told of each request when it is over, before its span ends; answers what its span says beyond the usual. */
  readonly onServed: (served: Served) => Attributes | undefined
}

interface Started {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly socket: Socket
}

const CALLER_GONE = 499

/** A SERVER span for each request that this process takes in (HTTP semantic conventions, stable), but for the probes. */
export function traceServer({ tracer, limitsAttributes, isBehindGateway, onServed }: ServerSpansOptions): void {
  const describe = limitsAttributes
    ? (span: Span, attributes: Attributes) => span.setAttributes(attributes)
    : describeSpan
  subscribe('http.server.request.start', (message) => {
    // Node publishes these with each request.
    const { request, response, socket } = message as Started
    const { url = '', headers, method = '' } = request
    if (url.startsWith('/_/')) return
    const beganAt = performance.now()
    const parent = headers.traceparent ? propagation.extract(ROOT_CONTEXT, headers) : ROOT_CONTEXT
    const name = methodName(method)
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER }, parent)
    // Node runs the handling of each request in a context of its own, which this one fills.
    context.attach(trace.setSpan(parent, span))
    response.on('close', () => {
      const facts = factsOf(request)
      const status = response.writableFinished ? response.statusCode : CALLER_GONE
      const more = onServed({ method, status, facts, seconds: (performance.now() - beganAt) / 1_000 })
      if (span.isRecording()) {
        describe(span, serverAttributes({ request, socket, isBehindGateway, status, facts }))
        if (more) describe(span, more)
        if (facts) span.updateName(`${name} ${facts.route}`)
        if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      }
      span.end()
    })
  })
}
