import { Problem } from '../../../contract/index.ts'
import { routeOf } from '../exchange.ts'
import type { Step } from '../pipeline.ts'

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
