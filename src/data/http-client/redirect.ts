import type { Received } from './answer.ts'
import type { Call } from './to-call.ts'

const REDIRECTS = new Set([301, 302, 303, 307, 308])
/** Another origin learns nothing else: a header may hold a secret. */
const FOR_EVERYBODY = [
  'accept',
  'accept-encoding',
  'accept-language',
  'content-type',
  'traceparent',
  'x-correlation-id',
]

/** The request that a redirect asks for (RFC 9110, 15.4); undefined where it asks for none, or to leave TLS. */
export function redirected(call: Call, { status, headers: { location } }: Received): Call | undefined {
  const url = REDIRECTS.has(status) && location ? URL.parse(location, call.url) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) return undefined
  if (call.url.protocol === 'https:' && url.protocol !== 'https:') return undefined
  const headers = url.origin === call.url.origin ? call.headers : only(FOR_EVERYBODY, call.headers)
  const becomesGet = status === 303 ? call.method !== 'HEAD' : status < 303 && call.method === 'POST'
  if (!becomesGet) return { ...call, url, headers }
  return { method: 'GET', url, headers: without('content-type', headers), body: null }
}

const only = (names: readonly string[], headers: Call['headers']) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)))

const without = (without: string, headers: Call['headers']) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name !== without))
