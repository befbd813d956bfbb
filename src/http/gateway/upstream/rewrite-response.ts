import type { ProxiedAddress, ProxiedService } from '../../../contract/index.ts'
import type { ResponseHeaders } from './upstream-request.ts'
import { addVia } from './via.ts'

/** How the addresses that a service knows of itself relate to those that its callers know. */
interface Mapping extends ProxiedAddress, Pick<ProxiedService, 'stripped' | 'preservesHost'> {
  /** The host that the caller has asked for. */
  readonly publicHost: string | undefined
}

/**
 * The headers of a service's response as its callers need them: what leads to an address of the service leads through the
 * gateway, and Via says that it came through here.
 */
export function rewriteResponse(headers: ResponseHeaders, mapping: Mapping): ResponseHeaders {
  const rewritten: Record<string, string | string[] | undefined> = { ...headers, via: addVia(headers.via) }
  for (const name of ['location', 'content-location']) {
    const value = headers[name]
    if (typeof value === 'string') rewritten[name] = toPublic(value, mapping)
  }
  const cookies = headers['set-cookie']
  if (cookies !== undefined) rewritten['set-cookie'] = [cookies].flat().map((cookie) => rewriteCookie(cookie, mapping))
  return rewritten
}

const AUTHORITY = /^(?:https?:)?\/\/[^/?#]*/i

/** A reference that leads to the service, as a path at the gateway; any other as it is. */
function toPublic(reference: string, mapping: Mapping): string {
  const [authority] = AUTHORITY.exec(reference) ?? []
  if (authority === undefined)
    return reference.startsWith('/') ? (toPublicPath(reference, mapping) ?? reference) : reference
  if (!leadsToService(authority, mapping)) return reference
  const rest = reference.slice(authority.length)
  return toPublicPath(rest.startsWith('/') ? rest : `/${rest}`, mapping) ?? reference
}

function leadsToService(authority: string, { origin, preservesHost, publicHost }: Mapping): boolean {
  const url = URL.parse(authority, origin)
  return url !== null && (url.origin === origin || (preservesHost && url.host === publicHost?.toLowerCase()))
}

/** The path at the gateway; undefined for what lies beside the paths that the proxy leads to. */
function toPublicPath(path: string, { prefix, stripped }: Mapping): string | undefined {
  if (!path.startsWith(prefix) || !/^([/?#]|$)/.test(path.slice(prefix.length))) return undefined
  const rest = path.slice(prefix.length)
  return stripped + (stripped === '' && !rest.startsWith('/') ? `/${rest}` : rest)
}

/** A cookie's path is the service's, and its domain, where it names the service's own host, is of no use to a browser. */
function rewriteCookie(cookie: string, mapping: Mapping): string {
  const { prefix, stripped, origin, preservesHost } = mapping
  // Its name promises that it has the path / and no domain (RFC 6265bis, 4.1.3.2).
  if (/^__host-/i.test(cookie)) return cookie
  const [pair = '', ...attributes] = cookie.split(';')
  const kept = attributes.flatMap((attribute) => {
    const [, name, value = ''] = /^\s*(path|domain)\s*=\s*(.*?)\s*$/i.exec(attribute) ?? []
    if (name === undefined) return [attribute]
    if (name.toLowerCase() === 'domain')
      return !preservesHost && isDomainOf(value.replace(/^\./, '').toLowerCase(), origin) ? [] : [attribute]
    if (!value.startsWith('/')) return [attribute]
    // A cookie of all of the service's paths, or of more than the proxy leads to, is one of all of the proxy's.
    const isAbove = `${prefix}/`.startsWith(value.endsWith('/') ? value : `${value}/`)
    return [` ${name}=${isAbove ? stripped || '/' : (toPublicPath(value, mapping) ?? value)}`]
  })
  return [pair, ...kept].join(';')
}

function isDomainOf(domain: string, origin: string): boolean {
  const { hostname } = new URL(origin)
  return hostname === domain || hostname.endsWith(`.${domain}`)
}
