import {
  type ContractSet,
  isReservedPath,
  methodsOf,
  Problem,
  type ProxiedService,
  type Route,
} from '../../../contract/index.ts'
import type { Explanation, GatewayContext, Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { deprecationHeaders } from '../deprecation-headers.ts'
import { byRunning } from '../explanation.ts'
import { isPlatformRoute, platformRoutesOf } from '../own-routes.ts'
import { createRouter, type Router } from '../router.ts'

/** Finds the endpoint, or answers 404, or 405 with Allow. For a preflight, finds all routes at the path. */
export function route({
  contracts,
  authenticate,
  ownKeys,
  webhooks,
}: Pick<GatewayDependencies, 'contracts' | 'authenticate' | 'ownKeys' | 'webhooks'>): Step {
  const platformRoutes = ({ webhookEvents = [] }: ContractSet) =>
    platformRoutesOf({
      ...{ own: ownKeys !== undefined, logins: authenticate.token !== undefined },
      webhooks: webhooks !== undefined && webhookEvents.length > 0,
    })
  const routers = new WeakMap<ContractSet, Router>()
  const routerOf = (set: ContractSet) => {
    const known = routers.get(set)
    if (known) return known
    const router = createRouter([...set.routes, ...platformRoutes(set)])
    routers.set(set, router)
    return router
  }
  const step: Step = function route(context) {
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
    Object.assign(context.responseHeaders, deprecationHeaders(found.route, context.params, set.routes))
    return undefined
  }
  return byRunning(step, (context) => explainRoute(context, (set) => routerOf(set).at(context.path)))
}

/** Which routes of its path were not taken, and why. */
function explainRoute(
  { route, routesAtPath, contracts, params, method }: GatewayContext,
  at: (set: ContractSet) => readonly Route[],
): Explanation {
  if (!route) return { why: `A preflight for ${routesAtPath.map(({ name }) => name).join(', ')}.` }
  const others = (contracts ? at(contracts) : []).filter(({ name }) => name !== route.name)
  const lost = others.map((other) => ({
    name: other.name,
    why: methodsOf(other).includes(method)
      ? `${route.path} is more exact than ${other.path}`
      : `it takes ${methodsOf(other).join(', ')}`,
  }))
  const words = lost.map(({ name, why }) => `${name}: ${why}`).join('; ')
  return {
    why: `${route.method} ${route.path} is ${route.name}${words && `, and not ${words}`}.`,
    facts: { route: route.name, path: route.path, params, ...(lost.length > 0 ? { lost } : {}) },
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
