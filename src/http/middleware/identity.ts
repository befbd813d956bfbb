import { Problem, type Route } from '../../contract/index.ts'
import { type Identity, identityRefusalHeaders } from '../../protocol/index.ts'
import { headerOf, type Step } from '../context.ts'

/** At once where the token is known already. */
export type VerifyIdentity = (token: string) => Identity | Promise<Identity>

/** Believes only who the gateway or the relay vouches for in `Ebb-Identity`: nobody inside the cluster can pose as them. */
export function identity({ verify }: { verify: VerifyIdentity }): Step {
  return function identity(request, response) {
    const token = headerOf(request, 'ebb-identity')
    if (!token) throw unauthenticated('Functions are called through the gateway.')
    const verified = verify(token)
    if (!(verified instanceof Promise)) {
      response.locals.identity = verified
      return
    }
    return verified.then(
      (identity) => {
        response.locals.identity = identity
      },
      (cause: unknown) => {
        throw unauthenticated('Ebb-Identity is not valid here.', cause)
      },
    )
  }
}

/** A verdict on whoever signed, which gateway and relay tell from one on the caller by its headers. */
function unauthenticated(message: string, cause?: unknown) {
  // The library's errors all have a code.
  const { code } = Object(cause) as { readonly code?: string }
  return new Problem('unauthenticated', 401, message, { cause, headers: identityRefusalHeaders(code) })
}

/** Lets pass who has every scope of the route, and on an owner's route everybody: there the handler decides with `own`. */
export function authorise(route: Route): Step {
  return function authorise(_request, response) {
    if (!route.owner && !hasScopes(response.locals.identity, route)) {
      throw new Problem('forbidden', 403, `This needs ${route.scopes.join(' and ')}.`)
    }
  }
}

/** Whether a caller has every scope of a route; a route without scopes grants none by them. */
export const hasScopes = ({ scopes }: Identity, route: Route): boolean =>
  route.scopes.every((scope) => scopes.includes(scope))
