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
import { methodAttributes, methodName, withoutSignatures } from './http-attributes.ts'
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
  /** Then who calls whom is in X-Forwarded-For and -Host, which from anybody else are no more than claims. */
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

/** A SERVER span for each request that this process takes in (HTTP semantic conventions, stable), but for the probes. */
export function traceServer({ tracer, isBehindGateway, onServed }: ServerSpansOptions): void {
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
        describeSpan(span, {
          ...requestAttributes(request),
          ...peerAttributes(request, { socket, isBehindGateway }),
          ...more,
        })
        finish(span, { name, status, facts })
      }
      span.end()
    })
  })
}

/** What a sampler may want to see. */
function requestAttributes({ url = '', method = '' }: IncomingMessage): Attributes {
  const question = url.indexOf('?')
  return {
    ...methodAttributes(method),
    'url.scheme': 'http',
    'url.path': question < 0 ? url : url.slice(0, question),
    ...(question < 0 ? {} : { 'url.query': withoutSignatures(url.slice(question + 1)) }),
  }
}

interface Peer {
  readonly socket: Socket
  readonly isBehindGateway: boolean
}

function peerAttributes({ headers, httpVersion }: IncomingMessage, { socket, isBehindGateway }: Peer): Attributes {
  const { 'user-agent': userAgent, 'x-forwarded-for': forwardedFor, 'x-forwarded-host': forwardedHost } = headers
  const host = isBehindGateway && typeof forwardedHost === 'string' ? forwardedHost : headers.host
  const address = host === undefined ? undefined : addressOf(host)
  const { remoteAddress, remotePort } = socket
  const client = isBehindGateway && typeof forwardedFor === 'string' ? forwardedFor.split(',', 1)[0] : remoteAddress
  const attributes: Attributes = { ...address, 'network.protocol.version': httpVersion }
  if (remoteAddress) attributes['network.peer.address'] = remoteAddress
  if (remotePort) attributes['network.peer.port'] = remotePort
  if (client) attributes['client.address'] = client
  if (userAgent) attributes['user_agent.original'] = userAgent
  return attributes
}

const addresses = new Map<string, Attributes>()
const MOST_ADDRESSES = 100

/** Of a Host header; there are few, and each comes with many requests. */
function addressOf(host: string): Attributes {
  const known = addresses.get(host)
  if (known) return known
  const url = URL.parse(`http://${host}`)
  const address: Attributes = url ? { 'server.address': url.hostname, 'server.port': Number(url.port || 80) } : {}
  if (addresses.size < MOST_ADDRESSES) addresses.set(host, address)
  return address
}

interface Outcome extends Pick<Served, 'status' | 'facts'> {
  readonly name: string
}

function finish(span: Span, { name, status, facts }: Outcome) {
  describeSpan(span, { 'http.response.status_code': status })
  if (facts) {
    span.updateName(`${name} ${facts.route}`)
    describeSpan(span, { 'http.route': facts.route })
    if (facts.trigger) describeSpan(span, { 'faas.trigger': facts.trigger })
  }
  if (status < 500) return
  span.setAttribute('error.type', String(status))
  span.setStatus({ code: SpanStatusCode.ERROR })
}
