import { hash } from 'node:crypto'
import type { ProxiedService } from '../../../contract/index.ts'
import { toClientHeaders, toClientHeadersOfService } from '../headers.ts'
import { type Directives, isWhole, namedFields, secondsOf } from './cache-control.ts'
import type { Fields } from './fields.ts'
import { findFreshSeconds, findInitialAge } from './freshness.ts'
import { directivesOf } from './storable.ts'
import type { CachedResponse } from './store.ts'
import { tagsOf } from './tags.ts'
import { dateOf } from './validators.ts'
import { parseVary, type Selecting, select, variantOf } from './vary.ts'

/** What the contract says in place of the response's own fields. */
export interface Lifetime {
  readonly maxAgeSeconds: number
  readonly staleWhileRevalidateSeconds: number
  readonly staleIfErrorSeconds: number
}

/** A complete response, and the request that it answers. */
export interface Exchange {
  readonly route: string
  readonly url: string
  readonly selecting: Selecting
  readonly requestedAt: number
  readonly respondedAt: number
  readonly status: number
  readonly fields: Fields
  readonly body: Uint8Array
  /** Undefined where the response itself says how it is cached. */
  readonly lifetime: Lifetime | undefined
  /** The service that it comes from; undefined where a function made it. */
  readonly service: ProxiedService | undefined
  /** The request headers by which it varies, besides those in `Vary`. */
  readonly vary: readonly string[]
  readonly tags: readonly string[]
}

/** A response as it is stored. Only to be called with one that `isStorable`. */
export function toStored(exchange: Exchange): CachedResponse {
  const { fields, lifetime, body } = exchange
  const headers = keepStorable(exchange)
  headers.date = dateOf(fields, exchange.respondedAt)
  if (lifetime) {
    for (const name of REPLACED_BY_CONTRACT) delete headers[name]
    const vary = [...(headers.vary === undefined ? [] : [headers.vary]), ...exchange.vary].join(', ')
    if (vary !== '') headers.vary = vary
    headers.etag ??= `"${hash('sha256', body, 'base64url').slice(0, ETAG_LENGTH)}"`
  }
  return build(exchange, headers, exchange.tags)
}

const REPLACED_BY_CONTRACT = ['cache-control', 'cdn-cache-control', 'expires', 'pragma']
/** More than 160 bits of SHA-256: the same tag is the same bytes. */
const ETAG_LENGTH = 27

/** What stays as it was stored: it is about the bytes, which are (RFC 9111, 3.2). */
const NOT_UPDATED = ['content-encoding', 'content-length', 'content-md5', 'content-range', 'etag']

/** The stored response with the fields of a 304, or of the answer to a HEAD, that is about it (RFC 9111, 3.2). */
export function update(
  stored: CachedResponse,
  exchange: Pick<Exchange, 'selecting' | 'requestedAt' | 'respondedAt' | 'fields' | 'lifetime' | 'service' | 'vary'>,
): CachedResponse {
  const renewed = keepStorable(exchange)
  for (const name of NOT_UPDATED) delete renewed[name]
  const headers = { ...stored.headers, ...renewed, date: dateOf(exchange.fields, exchange.respondedAt) }
  const { age } = exchange.fields
  const fields = age === undefined ? headers : { ...headers, age }
  return build({ ...stored, ...exchange, fields }, headers, stored.tags)
}

/** How long what is stale is kept: to be validated where it has a validator, else for who takes it stale. */
const KEEP_VALIDATOR_SECONDS = 86_400
const KEEP_SECONDS = 60

function build(exchange: Exchange, headers: Record<string, string>, tags: readonly string[]): CachedResponse {
  const { status, fields, body, respondedAt, requestedAt, lifetime, route, url } = exchange
  const selectedBy = select([...new Set([...(parseVary(fields) ?? []), ...exchange.vary])].sort(), exchange.selecting)
  const initialAgeSeconds = findInitialAge(fields, exchange)
  const said = lifetime ? lifetimeOf(lifetime) : describe(exchange)
  const staleSeconds = Math.max(
    ...[said.staleWhileRevalidateSeconds, said.staleIfErrorSeconds],
    headers.etag === undefined && headers['last-modified'] === undefined ? KEEP_SECONDS : KEEP_VALIDATOR_SECONDS,
  )
  return {
    ...{
      variant: variantOf(selectedBy),
      selectedBy,
      status,
      headers,
      body,
      requestedAt,
      respondedAt,
      initialAgeSeconds,
    },
    ...said,
    keepUntil: respondedAt + (Math.max(0, said.freshSeconds - initialAgeSeconds) + staleSeconds) * 1_000,
    ...{ route, url, tags: [...new Set([...tags, ...tagsOf(fields)])] },
  }
}

type Said = Pick<
  CachedResponse,
  'freshSeconds' | 'staleWhileRevalidateSeconds' | 'staleIfErrorSeconds' | 'mustRevalidate' | 'noCache'
>

const lifetimeOf = ({ maxAgeSeconds, ...stale }: Lifetime): Said => ({
  ...{ freshSeconds: maxAgeSeconds, ...stale, mustRevalidate: false, noCache: false },
})

function describe({ status, fields, respondedAt }: Exchange): Said {
  const { directives, targeted } = directivesOf(fields)
  return {
    freshSeconds: findFreshSeconds({ status, fields, directives, targeted, respondedAt }),
    staleWhileRevalidateSeconds: secondsOf(directives, 'stale-while-revalidate') ?? 0,
    staleIfErrorSeconds: secondsOf(directives, 'stale-if-error') ?? 0,
    mustRevalidate: FORBID_STALE.some((name) => directives.has(name)),
    noCache: isWhole(directives, 'no-cache'),
  }
}

/** s-maxage implies proxy-revalidate (RFC 9111, 5.2.2.10). */
const FORBID_STALE = ['must-revalidate', 'proxy-revalidate', 's-maxage']

/** Made anew with each response or each hop, or meant for one. */
const NOT_STORED = new Set(['age', 'content-length', 'cache-status', 'set-cookie', 'proxy-authentication-info'])

/** Without what is about a connection, or named by `no-cache` and `private` (RFC 9111, 3.1). */
function keepStorable({ fields, service }: Pick<Exchange, 'fields' | 'service'>): Record<string, string> {
  const withheld = withheldBy(directivesOf(fields).directives)
  const headers: Record<string, string> = {}
  const flat = service ? toClientHeadersOfService(fields, {}, service) : toClientHeaders(fields, {})
  for (let i = 0; i < flat.length; i += 2) {
    const [name = '', value = ''] = [flat[i], flat[i + 1]]
    if (NOT_STORED.has(name) || withheld.has(name)) continue
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  return headers
}

const withheldBy = (directives: Directives): ReadonlySet<string> => new Set(namedFields(directives))
