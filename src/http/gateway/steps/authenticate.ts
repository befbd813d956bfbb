import { Problem, type Route } from '../../../contract/index.ts'
import { TokenError } from '../../../protocol/tokens/token-error.ts'
import { insufficientScope, originOf, refuseToken, unauthenticated } from '../challenge.ts'
import { type Explanation, type GatewayContext, isAnonymous, routeOf, type Step } from '../context.ts'
import type { Authenticated, Authenticators, Caller, PresentedToken } from '../credentials.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { byRunning, ending, explained } from '../explanation.ts'

/**
 * Identifies the caller by an API key, in `X-API-Key` or `Authorization: Bearer`, or by an access token in `Authorization`. An
 * anonymous route needs neither, but what is presented must be valid. The credential itself is not forwarded. Where the route
 * has an authorizer, `judge` says who calls, and no key or token does.
 */
export function authenticate(
  { authenticate: authenticators }: Pick<GatewayDependencies, 'authenticate'>,
  judge: Step,
): Step {
  const hasIssuers = authenticators.token !== undefined
  function accept(context: GatewayContext, authenticated: Checked, sent: Sent | undefined) {
    const { dpop, upstream } = routeOf(context)
    if (!authenticated) return unauthenticated(context, { hasIssuers, dpop })
    if (authenticated instanceof Problem) return authenticated
    const { caller, credential, plan } = authenticated
    const { headers } = context
    context.caller = caller
    context.credential = credential
    context.plan = plan
    if (upstream?.forwardsCredentials) return undefined
    if (sent !== undefined) delete headers.authorization
    delete headers['x-api-key']
    delete headers.dpop
    return undefined
  }
  const step: Step = function authenticate(context) {
    const { anonymous, dpop, authorizer, upstream, webhook } = routeOf(context)
    if (authorizer !== undefined) return judge(context)
    // Its provider's, which `receiveWebhook` looks at.
    if (webhook?.provider.token) return undefined
    const { headers, responseHeaders } = context
    const forwards = upstream?.forwardsCredentials === true
    // Whatever is presented is for the service alone.
    if (anonymous && forwards) return undefined
    // RFC 9111, 3.5 keeps shared caches from responses to Authorization only, not from those that vary by another key.
    responseHeaders.vary = responseHeaders.vary === undefined ? CREDENTIALS : `${responseHeaders.vary}, ${CREDENTIALS}`
    if (!anonymous) responseHeaders['cache-control'] = PRIVATE
    const key = headers['x-api-key']?.[0]
    const sent = parseAuthorization(headers.authorization?.[0])
    if (key === undefined && sent === undefined)
      return anonymous ? undefined : unauthenticated(context, { hasIssuers, dpop })
    responseHeaders['cache-control'] = PRIVATE
    if (key !== undefined && sent !== undefined && key !== sent.token) {
      return new Problem('bad_request', 400, 'X-API-Key and Authorization carry different keys; send one of them.')
    }
    if (dpop && (key !== undefined || sent?.scheme !== 'dpop')) return unauthenticated(context, { hasIssuers, dpop })
    const checked = check(context, authenticators, { key, sent })
    return checked instanceof Promise
      ? checked.then((authenticated) => accept(context, authenticated, sent))
      : accept(context, checked, sent)
  }
  return explained(step, async (context) => {
    if (routeOf(context).authorizer !== undefined && judge.explain) return judge.explain(context)
    // A proof is good once.
    if (parseAuthorization(context.headers.authorization?.[0])?.scheme === 'dpop') return PROOF_NOT_SPENT
    const outcome = await step(context)
    return outcome ? ending(outcome) : describeCaller(context)
  })
}

const PROOF_NOT_SPENT: Explanation = {
  outcome: 'unknown',
  why: 'A token that is bound to a key needs a proof (DPoP), which is good once and is not spent on an explanation.',
}

/** Who calls, by what. */
function describeCaller(context: GatewayContext): Explanation {
  if (isAnonymous(context)) return { why: 'The route may be called without a key, and no credential was looked at.' }
  const { caller, credential, plan } = context
  const tenant = caller.tenant === undefined ? '' : ` of the tenant ${caller.tenant}`
  return {
    why: `The ${credential?.kind} ${credential?.id} is that of ${caller.sub}${tenant}.`,
    facts: { ...caller, credential, ...(plan === undefined ? {} : { plan }) },
  }
}

type Checked = Authenticated | Problem | undefined
type Sent = Pick<PresentedToken, 'token' | 'scheme'>

/** An API key shows by its form, so that it costs no attempt to read it as a token, and is never shown to an issuer. */
function check(
  context: GatewayContext,
  { key: findKey, token: verifyToken }: Authenticators,
  { key, sent }: { readonly key: string | undefined; readonly sent: Sent | undefined },
): Checked | Promise<Checked> {
  if (key !== undefined) return findKey(key)
  if (sent === undefined) return undefined
  if (!verifyToken || sent.token.startsWith(KEY_PREFIX))
    return sent.scheme === 'bearer' ? findKey(sent.token) : undefined
  const { method, path, client, headers } = context
  // Only a proof names it.
  const url = sent.scheme === 'dpop' ? originOf(context) + path : ''
  const refuse = (error: unknown) => {
    if (error instanceof TokenError) return refuseToken(context, error, sent.scheme)
    throw error
  }
  try {
    const verified = verifyToken({ ...sent, proofs: headers.dpop ?? [], method, path, url, client })
    return verified instanceof Promise ? verified.catch(refuse) : verified
  } catch (error) {
    return refuse(error)
  }
}

const KEY_PREFIX = 'ebb_live_'
const CREDENTIALS = 'Authorization, X-API-Key'
const PRIVATE = 'private, no-store'
const AUTHORIZATION = /^(bearer|dpop)(?: +(.*))?$/i

/** The credential of a scheme that is ours; undefined for any other scheme, such as Basic. */
export function parseAuthorization(authorization: string | undefined): Sent | undefined {
  const [, scheme, token = ''] = AUTHORIZATION.exec(authorization ?? '') ?? []
  if (scheme === undefined) return undefined
  return { scheme: scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', token: token.trim() }
}

const TENANT_REQUIRED = new Problem(
  'tenant_required',
  403,
  'Your key or token belongs to no tenant, and this is for callers of a tenant.',
)

/** Whether a caller has what a route asks for, so that no more than its handler can refuse it. */
export const hasRights = ({ scopes, owner, tenancy }: Route, { tenant, scopes: own }: Caller): boolean =>
  !(tenancy && tenant === undefined) && (owner || scopes.every((scope) => own.includes(scope)))

/** Requires a tenant where the route does, and every scope of the route. Where an owner may call without them, the function decides. */
export function authorise(): Step {
  const step: Step = function authorise(context) {
    const route = routeOf(context)
    if (hasRights(route, context.caller)) return undefined
    const { scopes, tenancy } = route
    if (tenancy && context.caller.tenant === undefined) return TENANT_REQUIRED
    const missing = scopes.filter((scope) => !context.caller.scopes.includes(scope))
    const { kind = 'key' } = context.credential ?? {}
    const headers = kind === 'token' ? { 'www-authenticate': insufficientScope(context, scopes) } : {}
    return new Problem('forbidden', 403, `${LACKING[kind]} the scope ${missing.join(' and ')}.`, { headers })
  }
  return byRunning(step, explainScopes)
}

function explainScopes(context: GatewayContext): string {
  const { scopes, owner, tenancy, policy } = routeOf(context)
  const tenant = tenancy ? ' It is of a tenant, as the route requires.' : ''
  if (owner) return `The function decides, since an owner may call without the scope ${scopes.join(' and ')}.${tenant}`
  const decides = policy ? ' The policy decides the rest, in the function.' : ''
  const has = scopes.length === 0 ? 'The route requires no scope.' : `The caller has ${scopes.join(' and ')}.`
  return `${has}${decides}${tenant}`
}

const LACKING = { key: 'Your key lacks', token: 'Your token lacks', authorizer: 'You lack' } as const
