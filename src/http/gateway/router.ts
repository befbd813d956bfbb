import { methodsOf, type Route } from '../../contract/index.ts'

export type RouteMatch =
  | { readonly route: Route; readonly params: Readonly<Record<string, string>> }
  /** The methods of the other routes at the path; none where there is no such path. */
  | { readonly allow: readonly string[] }

export interface Router {
  /** The parameters are still encoded. */
  readonly find: (method: string, path: string) => RouteMatch
  /** All routes at a path, the closest first. */
  readonly at: (path: string) => readonly Route[]
}

/** A route at the end of its path. */
interface End {
  readonly route: Route
  readonly methods: ReadonlySet<string>
  /** Of its parameters, from left to right. */
  readonly names: readonly string[]
}

/** What may follow a part of a path. */
interface Node {
  readonly literals: Map<string, Node>
  parameter: Node | undefined
  readonly ends: End[]
  /** Routes whose last segment, after this one, is `*`: here, and anywhere below. */
  readonly wildcards: End[]
}

/**
 * Finds the route of a request: from left to right, a literal segment wins over a parameter, and that over `*`. A method that
 * the closest route does not take goes to the next one. What it costs does not grow with the number of routes.
 */
export function createRouter(routes: readonly Route[]): Router {
  const root = createNode()
  for (const route of routes.flatMap(withPreflights)) add(root, route)

  const at = (path: string): readonly Route[] => {
    const found: Route[] = []
    visit(root, segmentsOf(path), 0, [], ({ route }) => {
      found.push(route)
      return false
    })
    return found
  }
  return {
    at,
    find: (method, path) => {
      let match: RouteMatch | undefined
      visit(root, segmentsOf(path), 0, [], ({ route, methods, names }, values) => {
        if (!methods.has(method)) return false
        match = { route, params: Object.fromEntries(names.map((name, i) => [name, values[i] ?? ''])) }
        return true
      })
      return match ?? { allow: allMethodsOf(at(path)) }
    },
  }
}

const createNode = (): Node => ({ literals: new Map(), parameter: undefined, ends: [], wildcards: [] })
const segmentsOf = (path: string): readonly string[] => path.slice(1).split('/')
const nameOf = (segment: string): string | undefined => /^\{(.+)\}$/.exec(segment)?.[1]

function add(root: Node, route: Route) {
  const segments = segmentsOf(route.path)
  const isWildcard = segments.at(-1) === '*'
  let node = root
  for (const segment of isWildcard ? segments.slice(0, -1) : segments) {
    const next = (nameOf(segment) === undefined ? node.literals.get(segment) : node.parameter) ?? createNode()
    if (nameOf(segment) === undefined) node.literals.set(segment, next)
    else node.parameter = next
    node = next
  }
  const names = segments.flatMap((segment) => nameOf(segment) ?? [])
  const end = { route, methods: new Set(methodsOf(route)), names }
  if (isWildcard) node.wildcards.push(end)
  else node.ends.push(end)
}

/** Shows the routes of a path, the closest first, until `isFound` says that it is one. */
function visit(
  node: Node,
  segments: readonly string[],
  at: number,
  values: readonly string[],
  isFound: (end: End, values: readonly string[]) => boolean,
): boolean {
  if (at === segments.length && node.ends.some((end) => isFound(end, values))) return true
  const segment = segments[at]
  if (segment !== undefined) {
    const literal = node.literals.get(segment)
    if (literal && visit(literal, segments, at + 1, values, isFound)) return true
    const { parameter } = node
    if (parameter && segment !== '' && visit(parameter, segments, at + 1, [...values, segment], isFound)) return true
  }
  return node.wildcards.some((end) => isFound(end, values))
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
