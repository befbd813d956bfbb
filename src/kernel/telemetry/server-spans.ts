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
import { factsOf, type RequestFacts } from './request-facts.ts'

/** One request that is over. */
export interface Served {
  readonly method: string
  /** 499 where the caller hung up first. */
  readonly status: number
  readonly seconds: number
  readonly facts: RequestFacts | undefined
}

export interface ServerSpansOptions {
  readonly tracer: Tracer
  /** Then who calls is in X-Forwarded-For, which from anybody else is no more than a claim. */
  readonly isBehindGateway: boolean
  /** Told of each request when it is over, before its span ends; the answer's attributes beyond the usual. */
  readonly onServed: (served: Served) => Attributes
}

interface Started {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly socket: Socket
}

const CALLER_GONE = 499
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE'])

/** A SERVER span for each request that this process takes in (HTTP semantic conventions, stable), but for the probes. */
export function traceServer({ tracer, isBehindGateway, onServed }: ServerSpansOptions): void {
  subscribe('http.server.request.start', (message) => {
    // Node publishes these with each request.
    const { request, response, socket } = message as Started
    const { url = '', headers, method = '' } = request
    if (url.startsWith('/_/')) return
    const beganAt = performance.now()
    const parent = headers.traceparent ? propagation.extract(ROOT_CONTEXT, headers) : ROOT_CONTEXT
    const name = METHODS.has(method) ? method : 'HTTP'
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes: requestAttributes(request) }, parent)
    // Node runs the handling of each request in a context of its own, which this one fills.
    context.attach(trace.setSpan(parent, span))
    if (span.isRecording()) span.setAttributes(peerAttributes(request, { socket, isBehindGateway }))
    response.once('close', () => {
      const facts = factsOf(request)
      const status = response.writableFinished ? response.statusCode : CALLER_GONE
      const more = onServed({ method, status, facts, seconds: (performance.now() - beganAt) / 1_000 })
      if (span.isRecording()) finish(span, { name, status, facts, more })
      span.end()
    })
  })
}

/** What a sampler may want to see. */
function requestAttributes({ url = '', method = '' }: IncomingMessage): Attributes {
  const question = url.indexOf('?')
  return {
    ...(METHODS.has(method)
      ? { 'http.request.method': method }
      : { 'http.request.method': '_OTHER', 'http.request.method_original': method }),
    'url.scheme': 'http',
    'url.path': question < 0 ? url : url.slice(0, question),
    ...(question < 0 ? {} : { 'url.query': url.slice(question + 1) }),
  }
}

interface Peer {
  readonly socket: Socket
  readonly isBehindGateway: boolean
}

function peerAttributes({ headers, httpVersion }: IncomingMessage, { socket, isBehindGateway }: Peer): Attributes {
  const { host, 'user-agent': userAgent, 'x-forwarded-for': forwardedFor } = headers
  const address = host && URL.parse(`http://${host}`)
  const { remoteAddress, remotePort } = socket
  const client = isBehindGateway && typeof forwardedFor === 'string' ? forwardedFor.split(',', 1)[0] : remoteAddress
  return {
    'network.protocol.version': httpVersion,
    ...(address ? { 'server.address': address.hostname, 'server.port': Number(address.port || 80) } : {}),
    ...(remoteAddress ? { 'network.peer.address': remoteAddress } : {}),
    ...(remotePort ? { 'network.peer.port': remotePort } : {}),
    ...(client ? { 'client.address': client } : {}),
    ...(userAgent ? { 'user_agent.original': userAgent } : {}),
  }
}

interface Outcome extends Pick<Served, 'status' | 'facts'> {
  readonly name: string
  readonly more: Attributes
}

function finish(span: Span, { name, status, facts, more }: Outcome) {
  span.setAttribute('http.response.status_code', status)
  if (facts) {
    span.updateName(`${name} ${facts.route}`)
    span.setAttributes({
      'http.route': facts.route,
      ...(facts.trigger ? { 'faas.trigger': facts.trigger } : {}),
      ...more,
    })
  }
  if (status < 500) return
  span.setAttribute('error.type', String(status))
  span.setStatus({ code: SpanStatusCode.ERROR })
}
