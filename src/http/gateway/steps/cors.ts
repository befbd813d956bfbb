import { Problem, type Route } from '../../../contract/index.ts'
import { type GatewayContext, type Step, singleValue } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { byRunning } from '../explanation.ts'
import { allMethodsOf } from '../router.ts'

/**
 * Lets pages of the configured origins read every response, errors included. Credentials are never allowed: callers send a
 * key or a token, and cookies are not used. Does nothing where no origin is configured.
 */
export function cors({ corsOrigins }: Pick<GatewayDependencies, 'corsOrigins'>): Step {
  const anyOrigin = corsOrigins.includes('*')
  const origins = new Set(corsOrigins)
  const isAllowed = (origin: string) =>
    anyOrigin || origins.has(origin) || origins.has(`${origin.replace(/:\d+$/, '')}:*`)
  const step: Step = function cors(context) {
    if (corsOrigins.length === 0) return undefined
    const { headers, request, responseHeaders } = context
    // A cache must not serve one origin the response to another, or to a request without origin.
    responseHeaders.vary = 'Origin'
    const origin = singleValue(headers.origin)
    if (origin === undefined) return undefined
    context.preflight = request.method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
    if (!isAllowed(origin)) return undefined
    responseHeaders['access-control-allow-origin'] = anyOrigin ? '*' : origin
    if (!context.preflight) responseHeaders['access-control-expose-headers'] = EXPOSED_HEADERS
    return undefined
  }
  return byRunning(step, explainOrigin)
}

function explainOrigin({ headers, responseHeaders }: GatewayContext): string {
  const origin = singleValue(headers.origin)
  if (origin === undefined) return 'The request comes from no page: it has no Origin.'
  const isAllowed = responseHeaders['access-control-allow-origin'] !== undefined
  return `Pages of ${origin} may${isAllowed ? '' : ' not'} read the response, by EBB_CORS_ORIGINS.`
}

const EXPOSED_HEADERS =
  'Deprecation, Ebb-Position, ETag, Idempotency-Replayed, Link, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, Sunset, WWW-Authenticate, X-Correlation-Id'

/**
 * Answers a preflight with the methods and headers of the contracts at its path; the browser compares. 403 for an origin
 * that is not configured. Where no origin is configured, there are no preflights: `route` answers OPTIONS with 404 or 405.
 */
export function preflight(): Step {
  const step: Step = function preflight(context) {
    if (!context.preflight) return describeReply(context)
    const { routesAtPath, responseHeaders } = context
    if (responseHeaders['access-control-allow-origin'] === undefined) return ORIGIN_NOT_ALLOWED
    const headers = {
      'access-control-allow-methods': allMethodsOf(routesAtPath).join(', '),
      'access-control-allow-headers': headersOf(routesAtPath, context.headers).join(', '),
      'access-control-max-age': String(MAX_AGE_SECONDS),
    }
    return { status: 204, headers, body: '', shortCircuitReason: 'preflight' }
  }
  return byRunning(step, () => 'It is no preflight of a browser.')
}

/** What a response's readers must know of it by the contract: headers that pages may read, and that it depends on cookies. */
function describeReply({ route, responseHeaders }: GatewayContext): undefined {
  const { vary } = responseHeaders
  if (route?.cookies) responseHeaders.vary = vary === undefined ? 'Cookie' : `${vary}, Cookie`
  const exposed = responseHeaders['access-control-expose-headers']
  if (route?.replyHeaders && exposed !== undefined)
    responseHeaders['access-control-expose-headers'] = [exposed, ...route.replyHeaders].join(', ')
}

/** After this time at the latest, browsers see a changed contract. */
const MAX_AGE_SECONDS = 600

const ALLOWED_HEADERS = [
  ...[
    'authorization',
    'content-type',
    'dpop',
    'ebb-callback',
    'ebb-position',
    'idempotency-key',
    'last-event-id',
    'prefer',
    'traceparent',
    'x-api-key',
    'x-correlation-id',
  ],
]

/** What a service behind a proxy takes, only it knows: all that the page asks for. */
function headersOf(routes: readonly Route[], { 'access-control-request-headers': asked }: GatewayContext['headers']) {
  const any = routes.some(({ upstream }) => upstream) ? (asked?.join() ?? '').split(',') : []
  const names = any.map((name) => name.trim().toLowerCase()).filter((name) => HEADER_NAME.test(name))
  return [...new Set([...ALLOWED_HEADERS, ...routes.flatMap(({ headers }) => headers), ...names])]
}

const HEADER_NAME = /^[a-z0-9!#$%&'*+.^`|~-]+$/

const ORIGIN_NOT_ALLOWED = new Problem('forbidden', 403, 'Pages of this origin may not call this API.')
