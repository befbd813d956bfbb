import { type Route, toPattern } from '../../contract/index.ts'

export type Found =
  | { readonly route: Route; readonly params: Readonly<Record<string, string>> }
  /** What else the path offers, and its methods; none where there is no such path. */
  | { readonly allow: readonly string[]; readonly offered: readonly Route[] }

export type Router = (method: string, path: string) => Found

/** Finds the route of a request: literal segments win over parameters, from left to right; a GET serves HEAD too. */
export function createRouter(routes: readonly Route[]): Router {
  const patterns = routes.map((route) => ({ route, match: toPattern(route.path).match, rank: rankOf(route.path) }))
  patterns.sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
  return (method, path) => {
    const wanted = method === 'HEAD' ? 'GET' : method
    const offered: Route[] = []
    for (const { route, match } of patterns) {
      const params = match(path)
      if (!params) continue
      if (route.method === wanted) return { route, params }
      offered.push(route)
    }
    return { allow: methodsOf(offered), offered }
  }
}

/** Each once, in order; who serves GET serves HEAD. */
export function methodsOf(routes: readonly Route[]): readonly string[] {
  const methods = routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return [...new Set(methods)].sort()
}

/** `/v1/users/{id}` is 001: as text it comes after 000. */
const rankOf = (path: string) =>
  path
    .split('/')
    .map((segment) => (segment.startsWith('{') ? '1' : '0'))
    .join('')
