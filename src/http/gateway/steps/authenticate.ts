import { Problem } from '../../../contract/index.ts'
import { routeOf } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import type { Step } from '../pipeline.ts'

/**
 * Finds out who calls by the API key in `X-API-Key` or `Authorization: Bearer`. An anonymous route needs none, but one
 * that is presented must be good. The key itself goes no further.
 */
export function authenticate({ findKey }: Pick<GatewayDependencies, 'findKey'>): Step {
  return async function authenticate(exchange) {
    const { headers, responseHeaders } = exchange
    // RFC 9111, 3.5 keeps shared caches from answers to Authorization only; and from none that depends on who asks.
    responseHeaders.vary = responseHeaders.vary === undefined ? CREDENTIALS : `${responseHeaders.vary}, ${CREDENTIALS}`
    if (!routeOf(exchange).anonymous) responseHeaders['cache-control'] = PRIVATE
    const key = headers['x-api-key']?.[0]
    const bearer = bearerOf(headers.authorization?.[0])
    if (key !== undefined && bearer !== undefined && key !== bearer) {
      return new Problem('bad_request', 400, 'X-API-Key and Authorization carry different keys; send one of them.')
    }
    const token = key ?? bearer
    if (token !== undefined) responseHeaders['cache-control'] = PRIVATE
    if (token === undefined) return routeOf(exchange).anonymous ? undefined : UNAUTHENTICATED
    const caller = await findKey(token)
    if (!caller) return UNAUTHENTICATED
    exchange.caller = caller
    delete headers['x-api-key']
    if (bearer !== undefined) delete headers.authorization
    return undefined
  }
}

const CREDENTIALS = 'Authorization, X-API-Key'
const PRIVATE = 'private, no-store'
const BEARER = /^bearer(?: +|$)/i

const bearerOf = (authorization: string | undefined) =>
  authorization !== undefined && BEARER.test(authorization) ? authorization.replace(BEARER, '').trim() : undefined

/** One sentence for all: it must not tell an unknown key from a revoked one. */
const UNAUTHENTICATED = new Problem(
  'unauthenticated',
  401,
  'Send a valid API key in X-API-Key or as Authorization: Bearer.',
  { headers: { 'www-authenticate': 'Bearer' } },
)

/** Wants every scope of the route. Where an owner may call without them, the function decides. */
export function authorise(): Step {
  return function authorise(exchange) {
    const { scopes, owner } = routeOf(exchange)
    if (owner) return undefined
    const missing = scopes.filter((scope) => !exchange.caller.scopes.includes(scope))
    if (missing.length === 0) return undefined
    return new Problem('forbidden', 403, `Your key lacks the scope ${missing.join(' and ')}.`)
  }
}
