import {
  type ContractSet,
  isReservedPath,
  methodsOf,
  Problem,
  type ProxiedService,
  parsePathTemplate,
  parseProxyPath,
  type Route,
} from '../../../contract/index.ts'
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
    const { path, method } = context
    const set = contracts()
    const { find, at } = routerOf(set)
    const asked = withoutNeedlessEscapes(path)
    if (context.preflight) {
      const routesAtPath = at(asked)
      const wanted = context.headers['access-control-request-method']?.[0] ?? ''
      if (!routesAtPath.find((route) => methodsOf(route).includes(wanted))?.upstream?.ownsCors) {
        context.routesAtPath = routesAtPath
        return routesAtPath.length === 0 ? NOT_FOUND : undefined
      }
      context.preflight = false
    }
    const found = find(method, asked)
    if ('allow' in found) {
      if (found.allow.length === 0) return NOT_FOUND
      const allow = found.allow.join(', ')
      return new Problem('method_not_allowed', 405, `This path takes ${allow}.`, { headers: { allow } })
    }
    if (isReservedPath(asked) && !isPlatformRoute(found.route)) return NOT_FOUND
    const { upstream } = found.route
    // A function's own server compares what was sent.
    if (asked !== path && !upstream) return NOT_FOUND
    context.contracts = set
    context.route = found.route
    if (upstream) leaveToService(context.responseHeaders, upstream)
    // `normalise` has checked that they can be decoded.
    const decoded = Object.entries(found.params).map(([name, text]) => [name, [decodeURIComponent(text)]])
    context.params = Object.fromEntries(decoded)
    return undefined
  }
}

const NOT_FOUND = new Problem('not_found', 404, 'There is nothing at this path.')

const ESCAPES = /%(?:2[de]|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/gi

/**
 * The same address without escapes of characters that need none (RFC 3986, 6.2.2.2): what is behind a proxy will take
 * `/%61dmin` for `/admin`, so that the access of the one has to hold for the other.
 */
const withoutNeedlessEscapes = (path: string): string =>
  path.includes('%') ? path.replaceAll(ESCAPES, decodeURIComponent) : path

/** For what only a service knows of its responses: whether they are pages, and whom CORS lets read them. */
function leaveToService(responseHeaders: Record<string, string>, { ownsCors }: ProxiedService) {
  for (const name of PAGE_HEADERS) delete responseHeaders[name]
  if (ownsCors) for (const name of CORS_HEADERS) delete responseHeaders[name]
  else if (responseHeaders['access-control-expose-headers'] !== undefined)
    responseHeaders['access-control-expose-headers'] = '*'
}

const PAGE_HEADERS = ['content-security-policy', 'referrer-policy', 'x-frame-options']
const CORS_HEADERS = ['access-control-allow-origin', 'access-control-expose-headers', 'vary']

type RouteMatch =
  | { readonly route: Route; readonly params: Readonly<Record<string, string>> }
  /** The methods of the other routes at the path; none where there is no such path. */
  | { readonly allow: readonly string[] }

interface Router {
  readonly find: (method: string, path: string) => RouteMatch
  /** All routes at a path, the closest first. */
  readonly at: (path: string) => readonly Route[]
}

/**
 * Finds the route of a request: from left to right, a literal segment wins over a parameter, and that over `*`. A method that
 * the closest route does not take goes to the next one.
 */
export function createRouter(routes: readonly Route[]): Router {
  const patterns = routes.flatMap(withPreflights).map((route) => ({
    ...{ route, methods: methodsOf(route), rank: rankOf(route.path) },
    match: (route.upstream ? parseProxyPath : parsePathTemplate)(route.path).match,
  }))
  patterns.sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
  const at = (path: string) => patterns.filter(({ match }) => match(path)).map(({ route }) => route)
  return {
    at,
    find: (method, path) => {
      for (const { route, methods, match } of patterns) {
        const params = methods.includes(method) ? match(path) : undefined
        if (params) return { route, params }
      }
      return { allow: allMethodsOf(at(path)) }
    },
  }
}

/** What a service that owns its CORS answers to OPTIONS is for anybody: a browser asks without a credential (Fetch, 3.3.5). */
function withPreflights(route: Route): readonly Route[] {
  const { upstream } = route
  if (!upstream?.ownsCors) return [route]
  const { dpop: _, authorizer: _judge, tenancy: _tenant, ...rest } = route
  const methods = upstream.methods.filter((method) => method !== 'OPTIONS')
  const preflights = { ...upstream, methods: ['OPTIONS'], forwardsCredentials: true }
  return [
    { ...route, upstream: { ...upstream, methods } },
    { ...rest, scopes: [], anonymous: true, upstream: preflights },
  ]
}

/** The methods of these routes, distinct and sorted; GET implies HEAD. */
export const allMethodsOf = (routes: readonly Route[]): readonly string[] =>
  [...new Set(routes.flatMap(methodsOf))].sort()

/** `/v1/users/{id}` has the rank 0001, which sorts after the 0000 of a path without parameters, and before 0002 of `/v1/users/*`. */
const rankOf = (path: string) =>
  path
    .split('/')
    .map((segment) => (segment === '*' ? '2' : segment.startsWith('{') ? '1' : '0'))
    .join('')
