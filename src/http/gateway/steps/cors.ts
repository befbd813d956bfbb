import { Problem, type Route } from '../../../contract/index.ts'
import { singleValue } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import type { Step } from '../pipeline.ts'
import { methodsOf } from './route.ts'

/**
 * Lets the pages of the configured origins read every answer, refusals too. Credentials are never allowed: callers show
 * a key, and no cookie counts here. Where no origin is configured, it does nothing.
 */
export function cors({ corsOrigins }: Pick<GatewayDependencies, 'corsOrigins'>): Step {
  const everybody = corsOrigins.includes('*')
  const origins = new Set(corsOrigins)
  const mayCall = (origin: string) =>
    everybody || origins.has(origin) || origins.has(`${origin.replace(/:\d+$/, '')}:*`)
  return function cors(exchange) {
    if (corsOrigins.length === 0) return undefined
    const { headers, request, responseHeaders } = exchange
    // A cache must not give one origin the answer to another, nor that to no origin at all.
    responseHeaders.vary = 'Origin'
    const origin = singleValue(headers.origin)
    if (origin === undefined) return undefined
    exchange.preflight = request.method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
    if (!mayCall(origin)) return undefined
    responseHeaders['access-control-allow-origin'] = everybody ? '*' : origin
    if (!exchange.preflight) responseHeaders['access-control-expose-headers'] = EXPOSED_HEADERS
    return undefined
  }
}

const EXPOSED_HEADERS =
  'ETag, Idempotency-Replayed, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, X-Correlation-Id'

/**
 * Answers a browser's preflight with what the contracts at its path take; the browser compares. 403 for an origin that
 * is not configured. Where none is, there are no preflights: an OPTIONS gets its 404 or 405 from `route`.
 */
export function preflight(): Step {
  return function preflight(exchange) {
    if (!exchange.preflight) return undefined
    const { routesAtPath, responseHeaders } = exchange
    if (responseHeaders['access-control-allow-origin'] === undefined) return ORIGIN_NOT_ALLOWED
    const headers = {
      'access-control-allow-methods': methodsOf(routesAtPath).join(', '),
      'access-control-allow-headers': headersOf(routesAtPath).join(', '),
      'access-control-max-age': String(MAX_AGE_SECONDS),
    }
    return { status: 204, headers, body: '', shortCircuitReason: 'preflight' }
  }
}

/** A contract that changes is seen after so long. */
const MAX_AGE_SECONDS = 600

const ALLOWED_HEADERS = [
  ...['authorization', 'content-type', 'idempotency-key', 'prefer', 'traceparent', 'x-api-key', 'x-correlation-id'],
]

const headersOf = (offered: readonly Route[]) => [
  ...new Set([...ALLOWED_HEADERS, ...offered.flatMap(({ headers }) => headers)]),
]

const ORIGIN_NOT_ALLOWED = new Problem('forbidden', 403, 'Pages of this origin may not call this API.')
