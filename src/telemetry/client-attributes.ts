import type { Attributes } from '@opentelemetry/api'
import { createBoundedMap, getOrCreate } from '../kernel/bounded-map.ts'
import { methodAttributes, redactSignatures } from './http-attributes.ts'

interface SentRequest {
  readonly origin: string | URL
  readonly path: string
  readonly method: string
  /** Names and values, alternating. */
  readonly headers: readonly string[]
}

/** The attributes of a CLIENT span (HTTP semantic conventions, stable) that are known when the request is sent. */
export function clientAttributes({ origin, path, method, headers }: SentRequest): Attributes {
  const { href, attributes } = getOrCreate(origins, String(origin), parseOrigin)
  const userAgent = headers[headers.indexOf('user-agent') + 1]
  return {
    ...methodAttributes(method),
    'url.full': redactSignatures(href + path),
    ...attributes,
    ...(headers.includes('user-agent') && userAgent ? { 'user_agent.original': userAgent } : {}),
  }
}

const MAX_ORIGINS = 1_000
const origins = /* @__PURE__ */ createBoundedMap<string, ReturnType<typeof parseOrigin>>(MAX_ORIGINS)

function parseOrigin(origin: string) {
  // Resolved against the origin, a path such as // would be invalid or name another host.
  const url = new URL(origin)
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  return { href: url.origin, attributes: { 'server.address': url.hostname, 'server.port': port } }
}
