import { type ContractSet, isReservedPath, Problem, parsePathTemplate, type Route } from '../../../contract/index.ts'
import type { Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { isPlatformRoute, platformRoutesOf } from '../own-routes.ts'

/** Finds the endpoint, or answers 404, or 405 with Allow. For a preflight, finds all routes at the path. */
export function route({
  contracts,
  authenticate,
  ownKeys,
}: Pick<GatewayDependencies, 'contracts' | 'authenticate' | 'ownKeys'>): Step {
  const platformRoutes = platformRoutesOf({
    ...{ own: ownKeys !== undefined, logins: authenticate.token !== undefined },
  })
  const routers = new WeakMap<ContractSet, Router>()
  const routerOf = (set: ContractSet) => {
    const known = routers.get(set)
    if (known) return known
    const router = createRouter([...set.routes, ...platformRoutes])
    routers.set(set, router)
    return router
  }
  return function route(context) {
    const { path } = context
    const { method = '' } = context.request
    const set = contracts()
    const found = routerOf(set)(method, path)
    if ('allow' in found) {
      if (found.allow.length === 0) return NOT_FOUND
      const allow = found.allow.join(', ')
      if (context.preflight) {
        context.routesAtPath = found.routesAtPath
        return undefined
      }
      return new Problem('method_not_allowed', 405, `This path takes ${allow}.`, { headers: { allow } })
    }
    if (isReservedPath(path) && !isPlatformRoute(found.route)) return NOT_FOUND
    context.contracts = set
    context.route = found.route
    // `normalise` has checked that they can be decoded.
    const decoded = Object.entries(found.params).map(([name, text]) => [name, [decodeURIComponent(text)]])
    context.params = Object.fromEntries(decoded)
    return undefined
  }
}

const NOT_FOUND = new Problem('not_found', 404, 'There is nothing at this path.')

type RouteMatch =
  | { readonly route: Route; readonly params: Readonly<Record<string, string>> }
  /** The other routes at the path, and their methods; none where there is no such path. */
  | { readonly allow: readonly string[]; readonly routesAtPath: readonly Route[] }

type Router = (method: string, path: string) => RouteMatch

/** Finds the route of a request: literal segments win over parameters, from left to right; a GET serves HEAD too. */
export function createRouter(routes: readonly Route[]): Router {
  const patterns = routes.map((route) => ({
    route,
    match: parsePathTemplate(route.path).match,
    rank: rankOf(route.path),
  }))
  patterns.sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
  return (method, path) => {
    const wanted = method === 'HEAD' ? 'GET' : method
    const routesAtPath: Route[] = []
    for (const { route, match } of patterns) {
      const params = match(path)
      if (!params) continue
      if (route.method === wanted) return { route, params }
      routesAtPath.push(route)
    }
    return { allow: methodsOf(routesAtPath), routesAtPath }
  }
}

/** The methods of these routes, distinct and sorted; GET implies HEAD. */
export function methodsOf(routes: readonly Route[]): readonly string[] {
  const methods = routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return [...new Set(methods)].sort()
}

/** `/v1/users/{id}` has the rank 0001, which sorts after the 0000 of a path without parameters. */
const rankOf = (path: string) =>
  path
    .split('/')
    .map((segment) => (segment.startsWith('{') ? '1' : '0'))
    .join('')
