import { Problem } from '../../../contract/index.ts'
import { routeOf, type Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'

/**
 * Identifies the caller by the API key in `X-API-Key` or `Authorization: Bearer`. An anonymous route needs none, but a key
 * that is presented must be valid. The key itself is not forwarded.
 */
export function authenticate({ findKey }: Pick<GatewayDependencies, 'findKey'>): Step {
  return async function authenticate(context) {
    const { headers, responseHeaders } = context
    // RFC 9111, 3.5 keeps shared caches from responses to Authorization only, not from those that vary by another key.
    responseHeaders.vary = responseHeaders.vary === undefined ? CREDENTIALS : `${responseHeaders.vary}, ${CREDENTIALS}`
    if (!routeOf(context).anonymous) responseHeaders['cache-control'] = PRIVATE
    const key = headers['x-api-key']?.[0]
    const bearer = bearerOf(headers.authorization?.[0])
    if (key !== undefined && bearer !== undefined && key !== bearer) {
      return new Problem('bad_request', 400, 'X-API-Key and Authorization carry different keys; send one of them.')
    }
    const token = key ?? bearer
    if (token !== undefined) responseHeaders['cache-control'] = PRIVATE
    if (token === undefined) return routeOf(context).anonymous ? undefined : UNAUTHENTICATED
    const caller = await findKey(token)
    if (!caller) return UNAUTHENTICATED
    context.caller = caller
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

/** One sentence for all cases: it must not reveal whether a key is unknown or revoked. */
const UNAUTHENTICATED = new Problem(
  'unauthenticated',
  401,
  'Send a valid API key in X-API-Key or as Authorization: Bearer.',
  { headers: { 'www-authenticate': 'Bearer' } },
)

/** Requires every scope of the route. Where an owner may call without them, the function decides. */
export function authorise(): Step {
  return function authorise(context) {
    const { scopes, owner } = routeOf(context)
    if (owner) return undefined
    const missing = scopes.filter((scope) => !context.caller.scopes.includes(scope))
    if (missing.length === 0) return undefined
    return new Problem('forbidden', 403, `Your key lacks the scope ${missing.join(' and ')}.`)
  }
}
