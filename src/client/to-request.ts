import { POSITION_HEADER } from '../protocol/position.ts'
import { FITS_HEADER, isAbsent, toHeaderTexts, toSearch } from '../protocol/write-request.ts'
import type { ClientRequest, StreamSource, ValidationIssue } from './call.ts'
import type { CallData } from './call-data.ts'
import { type SentBody, toFormBody, toStreamedBody } from './stream-body.ts'

/** The arguments of a call before they are checked. */
export interface RawCall {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, unknown>>
  readonly cookies?: Readonly<Record<string, unknown>>
  readonly body?: unknown
  readonly ifMatch?: string
  readonly ifNoneMatch?: string
  readonly idempotencyKey?: string
  readonly contentType?: string
}

export interface HttpRequest {
  readonly url: string
  readonly init: ClientRequest['init']
  /** Whether its body can be sent only once. */
  readonly isOnce: boolean
}

interface RequestOptions {
  readonly baseUrl: string
  readonly key: string | undefined
  readonly correlationId: string
  /** What the response must not miss, by this client's own writes. */
  readonly position?: string | undefined
}

/**
 * Writes a call as HTTP, or returns the issues of what a URL or a header cannot carry. Throws a TypeError where a path
 * parameter is missing or the body is no JSON.
 */
export function toRequest(
  contract: CallData,
  call: RawCall,
  { baseUrl, key, correlationId, position }: RequestOptions,
): HttpRequest | { readonly issues: readonly ValidationIssue[] } {
  const { params = {}, query = {}, headers = {}, cookies = {}, ifMatch, ifNoneMatch } = call
  const sent = toSentBody(contract, call)
  const cookie = toCookieText(cookies)
  const platformHeaders = {
    accept: `${contract.replies?.[0]?.stream ?? 'application/json'}, application/problem+json`,
    'x-correlation-id': correlationId,
    ...(position === undefined ? {} : { [POSITION_HEADER]: position }),
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    ...(sent && sent.contentType !== '' ? { 'content-type': sent.contentType } : {}),
    // A browser sends its own cookies and ignores this.
    ...(cookie === '' ? {} : { cookie }),
    ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch }),
    // One for all tries: by it the server recognises a repetition.
    ...(contract.idempotent ? { 'idempotency-key': call.idempotencyKey ?? crypto.randomUUID() } : {}),
  }
  const allHeaders = { ...toHeaderTexts(headers), ...platformHeaders }
  const issues = [...findParamIssues(contract, params), ...findHeaderIssues(allHeaders)]
  if (issues.length > 0) return { issues }
  const path = contract.path.replaceAll(PARAMETER, (_, name: string) => encodeURIComponent(String(params[name])))
  const init: ClientRequest['init'] = {
    method: contract.method,
    headers: allHeaders,
    // Where it leads is for the caller to look at: following would take the key along, and may turn a POST into a GET.
    redirect: 'manual',
    ...(sent ? { body: sent.body } : {}),
    // The standard asks for it with a body that is read while it is sent; the types of DOM do not have it yet.
    ...(sent?.isOnce ? { duplex: 'half' } : {}),
  }
  return { url: baseUrl + path + toSearch(query), init, isOnce: sent?.isOnce ?? false }
}

function toSentBody(contract: CallData, { body, contentType }: RawCall): SentBody | undefined {
  if (body === undefined) return undefined
  const { name, bodyKind, bodyTypes = [] } = contract
  // The types of a call ask for these.
  if (bodyKind === 'stream') return toStreamedBody(name, body as StreamSource, { types: bodyTypes, contentType })
  if (bodyKind === 'form') return toFormBody(Object(body))
  return { body: JSON.stringify(body), contentType: bodyTypeOf(contract, body), isOnce: false }
}

const PARAMETER = /\{(\w+)\}/g
/** Where both kinds of patches are taken, JSON Patch is the one that is a list. */
const bodyTypeOf = ({ bodyTypes = ['application/json'] }: CallData, body: unknown): string =>
  bodyTypes.find((type) => type.includes('json-patch') === Array.isArray(body)) ?? bodyTypes.join()

const toCookieText = (cookies: Readonly<Record<string, unknown>>) =>
  Object.entries(cookies)
    .flatMap(([name, value]) => (isAbsent(value) ? [] : [`${name}=${encodeURIComponent(String(value))}`]))
    .join('; ')

/** A URL drops the segments `.` and `..` however they are encoded, and would lead to another endpoint. */
function findParamIssues(
  { name, path }: CallData,
  params: Readonly<Record<string, unknown>>,
): readonly ValidationIssue[] {
  return [...path.matchAll(PARAMETER)].flatMap(([, parameter = '']) => {
    const value = params[parameter]
    if (isAbsent(value)) throw new TypeError(`${name} needs params.${parameter}`)
    const text = String(value)
    const fits = text !== '' && text !== '.' && text !== '..' && text.isWellFormed()
    return fits ? [] : [{ path: `params.${parameter}`, message: 'Must be a text that fits into one segment of a path' }]
  })
}

const findHeaderIssues = (headers: Readonly<Record<string, string>>): readonly ValidationIssue[] =>
  Object.entries(headers).flatMap(([name, text]) =>
    FITS_HEADER.test(text) ? [] : [{ path: `headers.${name}`, message: 'Has a character that a header cannot carry' }],
  )
