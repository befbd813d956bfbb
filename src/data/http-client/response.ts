import type * as z from 'zod'
import type { HttpMethod, HttpRequest } from './request.ts'

/**
 * A response, read to its end.
 * @example const isGone = ({ status }: HttpResponse) => status === 404 || status === 410
 */
export interface HttpResponse {
  /** Any that the server sent: a 404 or a 500 is no error here. */
  readonly status: number
  /** By lower-case names; repeated headers are joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  /** The body, parsed by the schema. Throws an HttpError `bad_answer` if it is not JSON, or does not match the schema. */
  json<S extends z.ZodType>(schema: S): z.output<S>
  /** The body as UTF-8. */
  text(): string
  /** The body as it came. */
  bytes(): Uint8Array
}

/** As it came over the wire. */
export interface RawResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
}

/** The response to `request`, which took as many attempts. */
export function toHttpResponse(
  { status, headers, bytes }: RawResponse,
  request: HttpRequest,
  attempts: number,
): HttpResponse {
  const text = () => new TextDecoder().decode(bytes)
  return {
    ...{ status, headers, text, bytes: () => bytes },
    json: (schema) => {
      const parsed = schema.safeParse(parseJson(text()))
      if (parsed.success) return parsed.data
      throw new HttpError('bad_answer', request, { attempts, cause: parsed.error })
    },
  }

  function parseJson(json: string): unknown {
    try {
      return JSON.parse(json)
    } catch {
      // The error of JSON.parse quotes the body.
      throw new HttpError('bad_answer', request, { attempts, cause: new Error(`no JSON, with status ${status}`) })
    }
  }
}

const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308])
/** Another origin gets no other headers: one of them may hold a secret. */
const CROSS_ORIGIN_HEADERS = [
  'accept',
  'accept-encoding',
  'accept-language',
  'content-type',
  'traceparent',
  'x-correlation-id',
]

/** The request that a redirect asks for (RFC 9110, 15.4); undefined if it is none, or leads from https to http. */
export function toRedirectedRequest(
  request: HttpRequest,
  { status, headers: { location } }: RawResponse,
): HttpRequest | undefined {
  const url = REDIRECT_STATUSES.has(status) && location ? URL.parse(location, request.url) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) return undefined
  if (request.url.protocol === 'https:' && url.protocol !== 'https:') return undefined
  const headers = url.origin === request.url.origin ? request.headers : pick(CROSS_ORIGIN_HEADERS, request.headers)
  const becomesGet = status === 303 ? request.method !== 'HEAD' : status < 303 && request.method === 'POST'
  if (!becomesGet) return { ...request, url, headers }
  return { method: 'GET', url, headers: omit('content-type', headers), body: null }
}

const pick = (names: readonly string[], headers: HttpRequest['headers']) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)))

const omit = (omitted: string, headers: HttpRequest['headers']) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name !== omitted))

/** Why a call to another server has no usable response. */
export type HttpErrorCode =
  | 'timeout'
  | 'network'
  | 'breaker_open'
  | 'too_large'
  | 'bad_answer'
  | 'aborted'
  | 'not_allowed'

/** The code of the error with which a connection fails that a guarded client does not make. */
export const NOT_ALLOWED = 'EBB_NOT_ALLOWED'

const MESSAGES: Readonly<Record<HttpErrorCode, string>> = {
  timeout: 'there was no complete response in time',
  network: 'the connection failed or broke',
  breaker_open: 'the origin keeps failing, and its circuit breaker is open',
  too_large: 'the response is larger than maxBytes',
  bad_answer: 'the response is not what the schema expects',
  aborted: 'the request that it was made for is over',
  not_allowed: 'only public http and https addresses that the egress of the contract allows are called',
}

interface HttpErrorOptions extends ErrorOptions {
  /** How often the request was sent. */
  readonly attempts: number
}

/**
 * A call without a usable response: none came in time, the connection broke, or it is not what was expected. Switch on
 * `code`, never on the message.
 * @example
 * const orNothing = (error: unknown) => {
 *   if (error instanceof HttpError && error.code === 'timeout') return undefined
 *   throw error
 * }
 * @see docs/guide/07-outgoing-calls.md
 */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  /** `timeout`, `network`, `breaker_open`, `too_large`, `bad_answer`, `aborted` or, of `guarded`, `not_allowed`. */
  readonly code: HttpErrorCode
  /** The address that was called, without its query; '' where a guarded call was given something else. */
  readonly url: string
  /** How often the request was sent. */
  readonly attempts: number

  constructor(
    code: HttpErrorCode,
    { method, url }: { readonly method: HttpMethod; readonly url: URL | undefined },
    { attempts, cause }: HttpErrorOptions,
  ) {
    const shown = url ? url.origin + url.pathname : ''
    super(`${method} ${shown || 'what is no address'}: ${MESSAGES[code]} (attempts: ${attempts})`, { cause })
    this.code = code
    this.url = shown
    this.attempts = attempts
  }
}
