import { Problem, type Route } from '../../contract/index.ts'
import { type Identity, identityRefusalHeaders } from '../../protocol/index.ts'
import { setTenantAttribute } from '../../telemetry/index.ts'
import { headerOf, type Step } from '../context.ts'
import type { IdentifyCaller, Refusal } from '../issuers/index.ts'

/** Verifies a token; synchronously where it was verified before. */
export type VerifyIdentity = (token: string) => Identity | Promise<Identity>

interface IdentityOptions {
  readonly verify: VerifyIdentity
  /** Says who calls where no gateway is in front; default: gateway and relay vouch for whoever calls. */
  readonly identify?: IdentifyCaller | undefined
  readonly isInternal?: boolean
}

/**
 * Accepts only callers for whom gateway or relay vouch in `Ebb-Identity`: no client inside the cluster can pose as them. An internal
 * endpoint accepts them only by way of a function that calls it on their behalf.
 */
export function identity({ verify, identify, isInternal = false }: IdentityOptions): Step {
  return function identity(request, response) {
    const accept = (identity: Identity) => {
      if (isInternal && identity.via === undefined) throw NOT_A_FUNCTION
      response.locals.identity = identity
      if (identity.tenant !== undefined) setTenantAttribute(request, identity.tenant)
    }
    if (identify) {
      const acceptOwn = (identified: Identity | Refusal) => {
        if ('status' in identified) throw toProblem(identified)
        // As a gateway says of what is not everybody's.
        if (identified.sub !== 'anonymous') response.setHeader('cache-control', 'private, no-store')
        accept(identified)
      }
      const identified = identify(headerOf(request, 'authorization'))
      return identified instanceof Promise ? identified.then(acceptOwn) : acceptOwn(identified)
    }
    const token = headerOf(request, 'ebb-identity')
    if (!token) throw unauthenticated('Functions are called through the gateway.')
    const verified = verify(token)
    if (!(verified instanceof Promise)) return accept(verified)
    return verified.then(accept, (cause: unknown) => {
      throw unauthenticated('Ebb-Identity is not valid here.', cause)
    })
  }
}

const toProblem = ({ code, status, message, headers }: Refusal) => new Problem(code, status, message, { headers })

const NOT_A_FUNCTION = new Problem('forbidden', 403, 'This is for functions whose contracts say that they call it.')

/** About the signer: gateway and relay tell it from a refusal of the caller by its headers. */
function unauthenticated(message: string, cause?: unknown) {
  // All of the JWT library's errors have a code.
  const { code } = Object(cause) as { readonly code?: string }
  return new Problem('unauthenticated', 401, message, { cause, headers: identityRefusalHeaders(code) })
}

/**
 * Requires a tenant where the route does, and every scope of the route, except on an owner's route: there the handler decides
 * with `own`.
 */
export function authorise(route: Route): Step {
  return function authorise(_request, response) {
    if (route.tenancy && response.locals.identity.tenant === undefined) {
      throw new Problem('tenant_required', 403, 'This is for callers of a tenant.')
    }
    if (!route.owner && !hasScopes(response.locals.identity, route)) {
      throw new Problem('forbidden', 403, `This needs ${route.scopes.join(' and ')}.`)
    }
  }
}

/** Whether a caller has every scope of a route; true where the route has none. */
export const hasScopes = ({ scopes }: Identity, route: Route): boolean =>
  route.scopes.every((scope) => scopes.includes(scope))
