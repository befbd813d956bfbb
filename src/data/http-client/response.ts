import type * as z from 'zod'
import type { HttpRequest } from './request.ts'

/** An answer, read to its end. */
export interface HttpResponse {
  readonly status: number
  /** By lower-case names; several of one name are joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  /** The body as the schema reads it; throws an HttpFault `bad_answer` where it is no JSON, or not as the schema says. */
  json<S extends z.ZodType>(schema: S): z.output<S>
  /** The body as UTF-8. */
  text(): string
  bytes(): Uint8Array
}

/** What came over the wire. */
export interface RawResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
}

/** The answer to `call`, which took as many attempts. */
export function toHttpResponse(
  { status, headers, bytes }: RawResponse,
  call: HttpRequest,
  attempts: number,
): HttpResponse {
  const text = () => new TextDecoder().decode(bytes)
  return {
    ...{ status, headers, text, bytes: () => bytes },
    json: (schema) => {
      const parsed = schema.safeParse(parseJson(text()))
      if (parsed.success) return parsed.data
      throw new HttpError('bad_answer', call, { attempts, cause: parsed.error })
    },
  }

  function parseJson(json: string): unknown {
    try {
      return JSON.parse(json)
    } catch {
      // Its own fault quotes the body.
      throw new HttpError('bad_answer', call, { attempts, cause: new Error(`no JSON, with status ${status}`) })
    }
  }
}

const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308])
/** Another origin learns nothing else: a header may hold a secret. */
const CROSS_ORIGIN_HEADERS = [
  'accept',
  'accept-encoding',
  'accept-language',
  'content-type',
  'traceparent',
  'x-correlation-id',
]

/** The request that a redirect asks for (RFC 9110, 15.4); undefined where it asks for none, or to leave TLS. */
export function toRedirectedRequest(
  call: HttpRequest,
  { status, headers: { location } }: RawResponse,
): HttpRequest | undefined {
  const url = REDIRECT_STATUSES.has(status) && location ? URL.parse(location, call.url) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) return undefined
  if (call.url.protocol === 'https:' && url.protocol !== 'https:') return undefined
  const headers = url.origin === call.url.origin ? call.headers : pick(CROSS_ORIGIN_HEADERS, call.headers)
  const becomesGet = status === 303 ? call.method !== 'HEAD' : status < 303 && call.method === 'POST'
  if (!becomesGet) return { ...call, url, headers }
  return { method: 'GET', url, headers: omit('content-type', headers), body: null }
}

const pick = (names: readonly string[], headers: HttpRequest['headers']) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)))

const omit = (without: string, headers: HttpRequest['headers']) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name !== without))

export type HttpErrorCode = 'timeout' | 'network' | 'breaker_open' | 'too_large' | 'bad_answer' | 'aborted'

const MESSAGES: Readonly<Record<HttpErrorCode, string>> = {
  timeout: 'there was no whole answer in time',
  network: 'the connection could not be made, or broke',
  breaker_open: 'the origin keeps failing, and is left alone for a while',
  too_large: 'the answer is larger than allowed',
  bad_answer: 'the answer is not what was expected',
  aborted: 'the request that it was for is over',
}

interface HttpErrorOptions extends ErrorOptions {
  /** How often it was sent. */
  readonly attempts: number
}

/** A call without a usable answer. Switch on `code`; `url` is without its query. */
export class HttpError extends Error {
  override readonly name = 'HttpFault'
  readonly code: HttpErrorCode
  readonly url: string
  readonly attempts: number

  constructor(
    code: HttpErrorCode,
    { method, url }: Pick<HttpRequest, 'method' | 'url'>,
    { attempts, cause }: HttpErrorOptions,
  ) {
    const shown = url.origin + url.pathname
    super(`${method} ${shown}: ${MESSAGES[code]} (attempts: ${attempts})`, { cause })
    this.code = code
    this.url = shown
    this.attempts = attempts
  }
}
