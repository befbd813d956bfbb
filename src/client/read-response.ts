import { PLATFORM_CODES } from '../contract/problem.ts'
import { parseRetryAfter } from '../protocol/retry.ts'
import type { Call, Refusal, Result, ValidationIssue } from './call.ts'
import type { CallData, ReplyOfCallData } from './call-data.ts'
import { readReplyHeaders } from './reply-headers.ts'

interface ReadOptions {
  readonly correlationId: string
  /** What the caller gets of a reply that is streamed. */
  readonly streamOf: (response: Response) => unknown
}

/** Reads a response to its end, as the result for the caller; a streamed one is left to the caller. Rejects where it breaks off. */
export async function readResponse(
  { replies, failures }: CallData,
  response: Response,
  { correlationId: sent, streamOf }: ReadOptions,
): Promise<Result<Call>> {
  const { status, headers } = response
  const correlationId = headers.get('x-correlation-id') ?? sent
  const streamed = replies?.find(({ stream }) => stream !== undefined)
  if (streamed && (status === streamed.status || status === 204))
    return { ok: true, status, data: streamOf(response), headers, correlationId }
  const body = parse(await response.text())
  const reply = replies?.find((one) => one.status === status)
  if (response.ok || reply) {
    const isWhole = status === 204 || !response.ok || (body !== NO_JSON && body !== undefined)
    if (!isWhole || (replies && !reply))
      return createUnexpected(response, correlationId, 'and the contract says otherwise')
    return {
      ok: true,
      status,
      data: response.ok ? body : undefined,
      headers,
      correlationId,
      ...readMore(reply, headers),
    }
  }
  if (response.type === 'opaqueredirect')
    return createUnexpected(
      response,
      correlationId,
      'a redirect, which a browser shows to no script: let a link or a form lead there',
    )
  const { error, message, detail, title, details, data } = Object(body === NO_JSON ? undefined : body) as Readonly<
    Record<string, unknown>
  >
  if (typeof error !== 'string') {
    // A proxy in between may speak RFC 9457 as well.
    const reason = [detail, title].find((text) => typeof text === 'string')
    return createUnexpected(response, correlationId, `which did not come from an Ebb${reason ? ` (${reason})` : ''}`)
  }
  const known = PLATFORM_CODES.has(error) || !failures || Object.hasOwn(failures, error)
  if (!known)
    return createUnexpected(response, correlationId, `with the code ${error}, which this client does not know`)
  return {
    ...{ ok: false, status, message: String(message ?? detail ?? error), correlationId },
    // `known` has just compared it with the codes that the type names.
    error: error as never,
    details: Array.isArray(details) ? details.filter(isValidationIssue) : [],
    ...readRetryAfter(headers),
    ...(data === undefined ? {} : { data }),
  }
}

/** What a success has besides its body. */
function readMore(reply: ReplyOfCallData | undefined, headers: Headers) {
  const [location, etag] = [headers.get('location'), headers.get('etag')]
  return {
    ...(location === null ? {} : { location }),
    ...(etag === null ? {} : { etag }),
    ...(reply?.headerKinds ? { replyHeaders: readReplyHeaders(reply.headerKinds, headers) } : {}),
  }
}

/** The delay that a response asks for, in whole seconds. */
export function readRetryAfter(headers: Headers): { readonly retryAfterSeconds?: number } {
  const delayMs = parseRetryAfter(headers.get('retry-after'), headers.get('date'))
  return delayMs === undefined ? {} : { retryAfterSeconds: Math.ceil(delayMs / 1_000) }
}

const NO_JSON = Symbol('no JSON')

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return NO_JSON
  }
}

function createUnexpected(
  { status, headers }: Response,
  correlationId: string,
  why: string,
): Refusal<'unexpected_answer', number> {
  const message = `The server answered ${status}, ${why}.`
  return {
    ok: false,
    error: 'unexpected_answer',
    status,
    message,
    correlationId,
    details: [],
    ...readRetryAfter(headers),
  }
}

const isValidationIssue = (value: unknown): value is ValidationIssue =>
  typeof Object(value).path === 'string' && typeof Object(value).message === 'string'
