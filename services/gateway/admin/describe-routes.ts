import type { Route } from '../../../src/contract/index.ts'

/** The routes with what a gateway acts upon, by path: what is for people to begin with is left out, and so are headers for services. */
export const describeRoutes = (routes: readonly Route[]) =>
  routes
    .map(({ kind: _kind, exampleBody: _example, secrets: _secrets, emits: _emits, upstream, ...route }) => ({
      ...route,
      by: upstream ? ('service' as const) : ('function' as const),
      access: accessOf(route),
      ...(upstream ? { service: { address: upstream.origin + upstream.prefix, methods: upstream.methods } } : {}),
    }))
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.method < b.method ? -1 : 1))

type Policy = Pick<Route, 'anonymous' | 'authorizer' | 'dpop' | 'owner' | 'policy' | 'scopes' | 'tenancy'>

/** Who may call, in a few words. */
function accessOf({ anonymous, authorizer, dpop, owner, policy, scopes, tenancy }: Policy): string {
  const who = anonymous ? 'anyone' : authorizer ? `whom ${authorizer} knows` : dpop ? 'a bound token' : 'a key or token'
  const more = [
    ...(scopes.length > 0
      ? [`${owner ? 'its owner, or ' : ''}with ${scopes.join(' and ')}`]
      : owner
        ? ['its owner']
        : []),
    ...(policy ? ['as the policy says'] : []),
    ...(tenancy ? ['of a tenant'] : []),
  ]
  return [who, ...more].join(', ')
}
