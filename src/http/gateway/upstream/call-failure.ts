import { Problem } from '../../../contract/index.ts'
import type { ResponseHeaders, UpstreamRequest } from './upstream-request.ts'

/** A call that broke before the response began. */
export interface CallFailure {
  readonly cause: Error
  /** Whether any of the request may have arrived; false where there was no connection. */
  readonly sent: boolean
}

const RETRY_AFTER_SECONDS = 2
/** Error codes of a connection that the other side has closed. */
const CLOSED_CODES = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Whether a broken call can be retried without its caller noticing: where nothing was sent, or where the connection was
 * closed and the request is safe or has an Idempotency-Key. A body in memory can be sent again, a stream that was begun cannot.
 */
export function canRetry(
  { sent, cause }: CallFailure,
  { route, method, headers, bodyStream, isCopy }: UpstreamRequest,
): boolean {
  // The budget is for callers.
  if (isCopy) return false
  if (bodyStream?.readableDidRead || bodyStream?.destroyed) return false
  if (!sent) return true
  if (!('code' in cause && CLOSED_CODES.has(String(cause.code)))) return false
  return (route.idempotent && headers['idempotency-key'] !== undefined) || SAFE_METHODS.has(method)
}

/** What callers get for a call that broke. */
export const failureToProblem = ({ sent, cause }: CallFailure): Problem =>
  sent
    ? new Problem('bad_gateway', 502, 'The connection to the function failed before it responded.', { cause })
    : unreachable(cause)

/** Nothing of the request arrived, so that it can be sent again later. */
export const unreachable = (cause?: unknown): Problem =>
  new Problem('unavailable', 503, 'The function cannot be reached.', {
    ...{ cause, retryAfterSeconds: RETRY_AFTER_SECONDS },
  })

const UNAVAILABLE = ['unavailable', 503] as const
/** What callers get instead. A function that is not deployed yet (404) and an overloaded proxy (429) are both transient. */
const REWRITTEN_STATUSES: Readonly<Record<number, readonly [code: string, status: number]>> = {
  ...{ 404: UNAVAILABLE, 429: UNAVAILABLE, 503: UNAVAILABLE, 504: ['deadline_exceeded', 504] },
}

/**
 * Recognises an error of a proxy in front of the function, or of the function's HTTP server before its first middleware:
 * neither says anything about the request. Every response of the function itself has a revision.
 */
export function findProxyError(upstreamStatus: number, headers: ResponseHeaders): Problem | undefined {
  if (upstreamStatus < 400 || headers['ebb-revision'] !== undefined) return undefined
  if (upstreamStatus >= 500 && String(headers['content-type']).startsWith('application/problem+json')) return undefined
  const [code, status] = REWRITTEN_STATUSES[upstreamStatus] ?? ['bad_gateway', 502]
  const retryAfter = headers['retry-after']
  return new Problem(code, status, 'The function cannot be reached.', {
    headers: typeof retryAfter === 'string' ? { 'retry-after': retryAfter } : {},
    cause: new Error(`a proxy in front of the function answered ${upstreamStatus}`),
  })
}
