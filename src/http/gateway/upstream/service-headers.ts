import type { ProxiedService } from '../../../contract/index.ts'
import { formatForwarded } from '../forwarded.ts'
import { SET_PER_HOP } from '../headers.ts'
import type { UpstreamRequest } from './upstream-request.ts'
import { addVia } from './via.ts'

/** The headers of a request to a service behind a proxy, flat: what is true of this hop, who calls, and the client's own. */
export function toServiceHeaders(
  request: UpstreamRequest,
  service: ProxiedService,
  { identity, traceparent }: { readonly identity: string | undefined; readonly traceparent: string },
) {
  const { client, headers, correlationId } = request
  const { setHeaders, removeHeaders, stripped, preservesHost } = service
  const host = client.host ?? headers.host?.[0]
  const flat = [
    ...['x-correlation-id', correlationId, 'traceparent', traceparent],
    ...['x-forwarded-for', client.address, 'x-forwarded-proto', client.proto],
    ...['forwarded', formatForwarded({ ...client, host }), 'via', addVia(headers.via, request.httpVersion)],
  ]
  if (host !== undefined) flat.push('x-forwarded-host', host, ...(preservesHost ? ['host', host] : []))
  const length = headers['content-length']?.[0]
  if (request.bodyStream && length !== undefined) flat.push('content-length', length)
  if (stripped !== '') flat.push('x-forwarded-prefix', stripped)
  if (identity !== undefined) flat.push('ebb-identity', identity)
  if (service.identity === 'plain') flat.push(...plainIdentity(request))
  for (const name in setHeaders) flat.push(name, setHeaders[name] ?? '')
  for (const name in headers) {
    if (SET_PER_HOP.has(name) || Object.hasOwn(setHeaders, name) || removeHeaders.includes(name)) continue
    for (const value of headers[name] ?? []) flat.push(name, value)
  }
  return flat
}

function plainIdentity({ caller: { sub, scopes, roles = [], tenant } }: UpstreamRequest): readonly string[] {
  return [
    ...['ebb-subject', escapeText(sub), 'ebb-scopes', scopes.map(escapeText).join(' ')],
    ...(roles.length > 0 ? ['ebb-roles', roles.map(escapeText).join(' ')] : []),
    ...(tenant === undefined ? [] : ['ebb-tenant', escapeText(tenant)]),
  ]
}

/** What no header can have, or would end a word of it, percent-encoded as in addresses. */
const escapeText = (text: string) => text.toWellFormed().replaceAll(/[^\x21-\x24\x26-\x7e]+/g, encodeURIComponent)
