import { Problem, type Route } from '../../contract/index.ts'
import type { Identity } from '../../kernel/index.ts'
import type { Step } from '../exchange.ts'

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
