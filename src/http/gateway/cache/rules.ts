import type { Caching, ProxiedService, Route, Strings } from '../../../contract/index.ts'
import { canaryNameOf, type Variant } from '../../../protocol/index.ts'
import type { Caller } from '../credentials.ts'
import type { Lifetime } from './stored-response.ts'

/** How the responses of a route are cached: worked out once for each route. */
export interface CacheRules {
  /** What the contract says; undefined where each response of an existing service says it by its own fields. */
  readonly lifetime: Lifetime | undefined
  /** The service that answers; undefined where a function does. */
  readonly service: ProxiedService | undefined
  /** Whether callers share responses: by the contract, or as far as the responses allow it. */
  readonly shared: boolean
  readonly vary: readonly string[]
  readonly tags: (params: Strings) => readonly string[]
  /** What callers are told, by whether everybody gets the response; undefined where the response says it. */
  readonly cacheControl: { readonly everybody: string; readonly caller: string } | undefined
}

const known = new WeakMap<Route, CacheRules | 'none'>()

/** The rules of a route; undefined where its responses are not cached. */
export function cacheRulesOf(route: Route): CacheRules | undefined {
  const found = known.get(route)
  if (found) return found === 'none' ? undefined : found
  const { cache, upstream } = route
  const rules = cache ? fromContract(cache) : upstream?.cached ? fromResponses(upstream) : 'none'
  known.set(route, rules)
  return rules === 'none' ? undefined : rules
}

const NO_TAGS: readonly string[] = []

const fromResponses = (service: ProxiedService): CacheRules => ({
  ...{ lifetime: undefined, service, shared: true, vary: [], tags: () => NO_TAGS, cacheControl: undefined },
})

function fromContract({ shared, tags, vary, ...lifetime }: Caching): CacheRules {
  const { maxAgeSeconds, staleWhileRevalidateSeconds, staleIfErrorSeconds } = lifetime
  const said = [
    // No purge reaches the caches of callers: they ask each time, and are answered 304.
    tags.length > 0 ? 'no-cache' : `max-age=${maxAgeSeconds}`,
    ...(staleWhileRevalidateSeconds > 0 && tags.length === 0
      ? [`stale-while-revalidate=${staleWhileRevalidateSeconds}`]
      : []),
    ...(staleIfErrorSeconds > 0 && tags.length === 0 ? [`stale-if-error=${staleIfErrorSeconds}`] : []),
  ].join(', ')
  return {
    ...{ lifetime, service: undefined, shared, vary: [...vary].sort() },
    tags: tags.length === 0 ? () => NO_TAGS : (params) => tags.map((tag) => fill(tag, params)),
    cacheControl: { everybody: `public, ${said}`, caller: `private, ${said}` },
  }
}

const PARAMETER = /\{([^{}]*)\}/g
const fill = (tag: string, params: Strings) =>
  tag.replaceAll(PARAMETER, (_, name: string) => String(params[name] ?? ''))

/** Between parts of a key: no caller, tenant or address holds it. */
const SEPARATOR = '\u001e'

const callerKeys = new WeakMap<Caller, string>()

/** Everything about a caller that a response may depend on: two with one text see the same. */
export function callerKeyOf(caller: Caller): string {
  const found = callerKeys.get(caller)
  if (found !== undefined) return found
  const { sub, tenant, client, act, scopes, roles = [] } = caller
  const key = JSON.stringify([sub, tenant, client, act, [...scopes].sort(), [...roles].sort()])
  callerKeys.set(caller, key)
  return key
}

interface Requested {
  readonly route: Route
  readonly caller: Caller
  readonly path: string
  readonly query: string
  /** Scheme and authority; '' where responses do not depend on it. */
  readonly origin: string
  /** While a canary of its function runs. */
  readonly variant?: Variant | undefined
}

/**
 * What a request asks for, as the key of the store. Without `shared` it is the caller's own; with it still its tenant's, whose
 * rows its function sees.
 */
export const cacheKeyOf = (
  { route, caller, path, query, origin, variant }: Requested,
  { shared }: CacheRules,
): string =>
  `${variant === 'canary' ? canaryNameOf(route.name) : route.name}${SEPARATOR}${origin}${path}${query}${SEPARATOR}${shared ? (caller.tenant ?? '') : callerKeyOf(caller)}`
