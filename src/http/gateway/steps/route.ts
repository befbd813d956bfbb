import { type ContractSet, isReservedPath, Problem } from '../../../contract/index.ts'
import { describeRequest } from '../../../kernel/index.ts'
import { INVOCATION_ROUTE, isOwn } from '../own-route.ts'
import type { Step } from '../pipeline.ts'
import type { GatewayPorts } from '../ports.ts'
import { createRouter, type Router } from '../router.ts'

/** Finds the endpoint, or answers 404, or 405 with Allow. For a preflight, it finds what the path offers. */
export function route({ contracts }: Pick<GatewayPorts, 'contracts'>): Step {
  const routers = new WeakMap<ContractSet, Router>()
  const routerOf = (set: ContractSet) => {
    const known = routers.get(set)
    if (known) return known
    const router = createRouter([...set.routes, INVOCATION_ROUTE])
    routers.set(set, router)
    return router
  }
  return function route(exchange) {
    const { path } = exchange
    const { method = '' } = exchange.request
    const set = contracts()
    const found = routerOf(set)(method, path)
    if ('allow' in found) {
      if (found.allow.length === 0) return NOT_FOUND
      const allow = found.allow.join(', ')
      if (exchange.preflight) {
        exchange.offered = found.offered
        return undefined
      }
      return new Problem('method_not_allowed', 405, `This path takes ${allow}.`, { headers: { allow } })
    }
    if (isReservedPath(path) && !isOwn(found.route)) return NOT_FOUND
    exchange.contracts = set
    exchange.route = found.route
    describeRequest(exchange.request, { route: found.route.path })
    // `normalise` has seen that they can be decoded.
    const decoded = Object.entries(found.params).map(([name, text]) => [name, [decodeURIComponent(text)]])
    exchange.params = Object.fromEntries(decoded)
    return undefined
  }
}

const NOT_FOUND = new Problem('not_found', 404, 'There is nothing at this path.')
