import { Problem } from '../../contract/index.ts'
import { type Exchange, routeOf } from './exchange.ts'

/** A call of a function that broke before its answer began. */
export interface BrokenCall {
  readonly cause: Error
  /** Whether any of the request may have got there; never where there was no connection. */
  readonly sent: boolean
}

const RETRY_AFTER_SECONDS = 2
/** How a connection ends of which the other side wants to know no more. */
const CLOSED = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Whether a call that broke may be made again, unseen by its caller: where nothing was sent, or where the connection was
 * closed and twice is as good as once. The body is in memory, and can be sent as often as need be.
 */
export function mayRepeat({ sent, cause }: BrokenCall, exchange: Exchange): boolean {
  if (!sent) return true
  if (!('code' in cause && CLOSED.has(String(cause.code)))) return false
  const hasKey = routeOf(exchange).idempotent && exchange.headers['idempotency-key'] !== undefined
  return hasKey || SAFE.has(exchange.request.method ?? '')
}

/** What callers hear of a call that broke. */
export const toProblem = ({ sent, cause }: BrokenCall): Problem =>
  sent ? new Problem('bad_gateway', 502, 'The function broke off before it answered.', { cause }) : unreachable(cause)

/** Nothing of the request got there, so that whoever sends it later loses nothing. */
export const unreachable = (cause?: unknown): Problem =>
  new Problem('unavailable', 503, 'The function cannot be reached just now.', {
    ...{ cause, retryAfterSeconds: RETRY_AFTER_SECONDS },
  })
