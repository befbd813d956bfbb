import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Attributes } from '@opentelemetry/api'
import { methodAttributes, withoutSignatures } from './http-attributes.ts'
import type { RequestFacts } from './request-facts.ts'

export interface Exchanged {
  readonly request: IncomingMessage
  readonly socket: Socket
  /** Then who calls whom is in X-Forwarded-For and -Host, which from anybody else are no more than claims. */
  readonly isBehindGateway: boolean
  readonly status: number
  readonly facts: RequestFacts | undefined
}

/** What a SERVER span says of a request that is over (HTTP and FaaS semantic conventions, stable). */
export function serverAttributes({ request, socket, isBehindGateway, status, facts }: Exchanged): Attributes {
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
  if (question >= 0) attributes['url.query'] = withoutSignatures(url.slice(question + 1))
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
  if (facts) attributes['http.route'] = facts.route
  if (facts?.trigger) attributes['faas.trigger'] = facts.trigger
  if (status >= 500) attributes['error.type'] = String(status)
  return attributes
}

interface Address {
  readonly name: string
  readonly port: number
}

const addresses = new Map<string, Address | undefined>()
const MOST_ADDRESSES = 100

/** Of a Host header; there are few, and each comes with many requests. */
function addressOf(host: string | undefined): Address | undefined {
  if (host === undefined || addresses.has(host)) return addresses.get(host ?? '')
  const url = URL.parse(`http://${host}`)
  const address = url ? { name: url.hostname, port: Number(url.port || 80) } : undefined
  if (addresses.size < MOST_ADDRESSES) addresses.set(host, address)
  return address
}
