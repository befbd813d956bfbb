import type { Route } from '../../contract/index.ts'

type Params = Readonly<Record<string, readonly string[]>>

/** Tells callers that an endpoint is to be called no more: Deprecation (RFC 9745), Sunset (RFC 8594), and what to call instead. */
export function deprecationHeaders(
  { deprecated }: Pick<Route, 'deprecated'>,
  params: Params,
  routes: readonly Pick<Route, 'name' | 'path'>[],
): Readonly<Record<string, string>> {
  if (!deprecated) return {}
  const { since, sunset, use } = deprecated
  const successor = routes.find(({ name }) => name === use)
  const address = successor && addressOf(successor.path, params)
  return {
    deprecation: `@${Date.parse(since) / 1_000}`,
    ...(sunset === undefined ? {} : { sunset: new Date(sunset).toUTCString() }),
    ...(address === undefined ? {} : { link: `<${address}>; rel="successor-version"` }),
  }
}

/** The address with the parameters of this request; undefined where it has one that this request has not. */
function addressOf(path: string, params: Params): string | undefined {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  if (!names.every((name) => params[name]?.[0] !== undefined)) return undefined
  return path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name]?.[0] ?? ''))
}
