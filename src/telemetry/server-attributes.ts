import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Attributes } from '@opentelemetry/api'
import { createBoundedMap, getOrCreate } from '../kernel/bounded-map.ts'
import { methodAttributes, type RouteAttributes, redactSignatures } from './http-attributes.ts'

export interface ServerSpanInput {
  readonly request: IncomingMessage
  readonly socket: Pick<Socket, 'remoteAddress' | 'remotePort'>
  /** Whether X-Forwarded-For and -Host are the gateway's; otherwise any caller may have made them up. */
  readonly isBehindGateway: boolean
  readonly status: number
  readonly routeAttributes: RouteAttributes | undefined
}

/** The attributes of a SERVER span of a completed request (HTTP and FaaS semantic conventions, stable). */
export function serverAttributes({
  request,
  socket,
  isBehindGateway,
  status,
  routeAttributes,
}: ServerSpanInput): Attributes {
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
