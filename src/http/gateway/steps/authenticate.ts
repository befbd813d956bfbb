import { Problem } from '../../../contract/index.ts'
import { type GatewayContext, routeOf, type Step } from '../context.ts'
import type { Authenticated, Authenticators, GatewayDependencies, PresentedToken } from '../dependencies.ts'

/**
 * Identifies the caller by an API key, in `X-API-Key` or `Authorization: Bearer`, or by an access token in `Authorization`. An
 * anonymous route needs neither, but what is presented must be valid. The credential itself is not forwarded.
 */
export function authenticate({ authenticate: authenticators }: Pick<GatewayDependencies, 'authenticate'>): Step {
  return async function authenticate(context) {
    const { headers, responseHeaders } = context
    // RFC 9111, 3.5 keeps shared caches from responses to Authorization only, not from those that vary by another key.
    responseHeaders.vary = responseHeaders.vary === undefined ? CREDENTIALS : `${responseHeaders.vary}, ${CREDENTIALS}`
    if (!routeOf(context).anonymous) responseHeaders['cache-control'] = PRIVATE
    const key = headers['x-api-key']?.[0]
    const sent = parseAuthorization(headers.authorization?.[0])
    if (key === undefined && sent === undefined) return routeOf(context).anonymous ? undefined : UNAUTHENTICATED
    responseHeaders['cache-control'] = PRIVATE
    if (key !== undefined && sent !== undefined && key !== sent.token) {
      return new Problem('bad_request', 400, 'X-API-Key and Authorization carry different keys; send one of them.')
    }
    const authenticated = await check(context, authenticators, { key, sent })
    if (!authenticated) return UNAUTHENTICATED
    context.caller = authenticated.caller
    context.credential = authenticated.credential
    context.plan = authenticated.plan
    delete headers['x-api-key']
    delete headers.dpop
    if (sent !== undefined) delete headers.authorization
    return undefined
  }
}

type Sent = Pick<PresentedToken, 'token' | 'scheme'>

/** An API key shows by its form, so that it costs no attempt to read it as a token. */
function check(
  context: GatewayContext,
  { key: findKey, token: verifyToken }: Authenticators,
  { key, sent }: { readonly key: string | undefined; readonly sent: Sent | undefined },
): Authenticated | undefined | Promise<Authenticated | undefined> {
  if (key !== undefined) return findKey(key)
  if (sent === undefined) return undefined
  const isKey = sent.scheme === 'bearer' && sent.token.startsWith(KEY_PREFIX)
  if (isKey || !verifyToken) return sent.scheme === 'bearer' ? findKey(sent.token) : undefined
  const { request, path, client, headers } = context
  return verifyToken({ ...sent, proofs: headers.dpop ?? [], method: request.method ?? '', path, client })
}

const KEY_PREFIX = 'ebb_live_'
const CREDENTIALS = 'Authorization, X-API-Key'
const PRIVATE = 'private, no-store'
const AUTHORIZATION = /^(bearer|dpop)(?: +(.*))?$/i

/** The credential of a scheme that is ours; undefined for any other scheme, such as Basic. */
function parseAuthorization(authorization: string | undefined): Sent | undefined {
  const [, scheme, token = ''] = AUTHORIZATION.exec(authorization ?? '') ?? []
  if (scheme === undefined) return undefined
  return { scheme: scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', token: token.trim() }
}

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
    const what = context.credential?.kind === 'token' ? 'token' : 'key'
    return new Problem('forbidden', 403, `Your ${what} lacks the scope ${missing.join(' and ')}.`)
  }
}
