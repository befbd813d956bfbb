import type { OutgoingHttpHeaders } from 'node:http'
import type { ProxiedService } from '../../contract/index.ts'
import { createBoundedMap, getOrCreate } from '../../kernel/bounded-map.ts'
import type { StoredHeaders } from '../../kernel/index.ts'

/** About one connection, not about the message (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'],
])
/** Set anew by the sender of each hop. */
export const SET_PER_HOP: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'expect',
  'x-correlation-id',
  'traceparent',
  'via',
])
/** Set by proxies in front of functions (OpenFaaS's gateway and KEDA's interceptor, too), or meant for the gateway alone, as tags are. */
const INTERNAL =
  /^(ebb-|knative-|k-|x-envoy-|x-keda-|access-control-|x-correlation-id$|server$|x-powered-by$|via$|cache-tag$|x-call-id$|x-start-time$|x-duration-seconds$)/
/** Headers of a request to a function that only the platform may set. */
const PLATFORM = /^(ebb-|knative-serving-|k-|x-envoy-|x-forwarded-|ce-|forwarded$)/

/** Raw headers (name, value, name, value, …) by lower-case name, each value unchanged. */
export function parseRawHeaders(raw: readonly string[]): Record<string, string[]> {
  // Without a prototype, so that a header may be called `constructor`.
  const headers: Record<string, string[]> = Object.create(null)
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase()
    const values = headers[name]
    if (values) values.push(raw[i + 1] ?? '')
    else headers[name] = [raw[i + 1] ?? '']
  }
  return headers
}

/** The headers of a client's request that may be forwarded. */
export function keepEndToEnd(headers: Readonly<Record<string, string[]>>): Record<string, string[]> {
  const kept: Record<string, string[]> = Object.create(null)
  const named = connectionOptions(headers.connection)
  for (const name in headers) {
    const values = headers[name]
    if (values && !HOP_BY_HOP.has(name) && !named.has(name) && !PLATFORM.test(name)) kept[name] = values
  }
  return kept
}

/** The headers of a request to a function, flat: the platform's, and the client's that may be forwarded. */
export function toFunctionHeaders(headers: Readonly<Record<string, string[]>>, platform: readonly string[]): string[] {
  const flat = [...platform]
  for (const name in headers) {
    if (SET_PER_HOP.has(name)) continue
    for (const value of headers[name] ?? []) flat.push(name, value)
  }
  return flat
}

/** The headers of a function's response, flat, that may be sent to the client; those that the gateway adds win. */
export function toClientHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  added: Readonly<Record<string, string>>,
): string[] {
  const flat: string[] = []
  for (const name in added) flat.push(name, added[name] ?? '')
  const named = connectionOptions(headers.connection)
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || named.has(name) || !isForClients(name)) continue
    if (name !== 'vary' && added[name] !== undefined) continue
    if (typeof value === 'string') flat.push(name, value)
    else for (const one of value) flat.push(name, one)
  }
  return flat
}

const MAX_NAMES = 1_000
const forClients = createBoundedMap<string, boolean>(MAX_NAMES)

/** Names are few, and come with each response. */
const isForClients = (name: string): boolean =>
  getOrCreate(forClients, name, () => !HOP_BY_HOP.has(name) && !INTERNAL.test(name))
/** What no service behind a proxy may say of the gateway's own, and what is true of its own address only. */
const NOT_OF_SERVICES = /^(ebb-|x-envoy-|x-correlation-id$|server$|x-powered-by$|alt-svc$)/

/**
 * The headers of a service's response, flat, that may be sent to the client. Those that the gateway adds win, but for
 * Cache-Control: how long its responses may be kept, the service knows.
 */
export function toClientHeadersOfService(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  added: Readonly<Record<string, string>>,
  { ownsCors }: Pick<ProxiedService, 'ownsCors'>,
): string[] {
  const flat: string[] = []
  for (const name in added) {
    if (name !== 'cache-control' || headers[name] === undefined) flat.push(name, added[name] ?? '')
  }
  const named = connectionOptions(headers.connection)
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || HOP_BY_HOP.has(name) || named.has(name) || NOT_OF_SERVICES.test(name)) continue
    if (!ownsCors && name.startsWith('access-control-')) continue
    if (name !== 'vary' && name !== 'cache-control' && Object.hasOwn(added, name)) continue
    if (typeof value === 'string') flat.push(name, value)
    else for (const one of value) flat.push(name, one)
  }
  return flat
}

/**
 * The names of the trailers that a response announces and that may be sent to the client. None may say how the message ends
 * or who may read it (RFC 9110, 6.5.1).
 */
export const trailersOf = ({ trailer, connection }: Readonly<Record<string, string | string[] | undefined>>) => {
  const named = connectionOptions(connection)
  const names = [trailer].flat().join().toLowerCase().split(',')
  return names
    .map((name) => name.trim())
    .filter(
      (name) =>
        name !== '' && !HOP_BY_HOP.has(name) && !named.has(name) && !INTERNAL.test(name) && !NO_TRAILER.test(name),
    )
}

const NO_TRAILER =
  /^(content-(length|type|encoding|range)|host|set-cookie|cache-control|authorization|www-authenticate|location|vary|age|date|expires|retry-after)$/

/** A reply's own headers, and those that the gateway adds. */
export function mergeHeaders(headers: StoredHeaders, added: Readonly<Record<string, string>>): OutgoingHttpHeaders {
  const vary = [headers.vary, added.vary].filter((value) => value !== undefined)
  return { ...headers, ...added, ...(vary.length > 0 ? { vary: vary.join(', ') } : {}) }
}

const NONE: ReadonlySet<string> = new Set()

/** The headers that `Connection` declares hop-by-hop; its other options are among them and do no harm. */
function connectionOptions(connection: string | readonly string[] | undefined): ReadonlySet<string> {
  if (connection === undefined) return NONE
  const names = String(connection).toLowerCase().split(',')
  return new Set(names.map((name) => name.trim()))
}
