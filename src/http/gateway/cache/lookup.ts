import type { Route } from '../../../contract/index.ts'
import { type GatewayContext, isAnonymous } from '../context.ts'
import { type Directives, parseCacheControl } from './cache-control.ts'
import type { Wanted } from './fetch.ts'
import { type CacheRules, cacheKeyOf, callerKeyOf } from './rules.ts'
import type { CachedResponse } from './store.ts'
import { findVariant, reselect, type Selecting, select, variantOf } from './vary.ts'

export type RoutedContext = GatewayContext & { readonly route: Route }

/** What of Cache-Control spares the upstream work, and is anybody's to ask for (RFC 9111, 5.2.1; RFC 5861, 4). */
const ANYBODYS = new Set(['only-if-cached', 'max-stale', 'stale-if-error'])

/**
 * What a request says about stored responses, as far as it is honoured: a caller who could ask for a new response with each
 * request would keep every function awake. Undefined where it says nothing.
 */
export function askedBy(
  { headers, caller, route }: RoutedContext,
  reloadScope: string | undefined,
): Directives | undefined {
  if (headers['cache-control'] === undefined) return undefined
  const directives = parseCacheControl(headers['cache-control'])
  const mayReload = route.upstream?.reload || (reloadScope !== undefined && caller.scopes.includes(reloadScope))
  return mayReload ? directives : new Map([...directives].filter(([name]) => ANYBODYS.has(name)))
}

/** Scheme and authority as the caller asked for them. */
export const originOfRequest = ({ client, headers }: GatewayContext): string =>
  `${client.proto}://${(client.host ?? headers.host?.[0] ?? '').toLowerCase()}`

/** What the store is asked for. A function's reply does not depend on the host that was asked for; a service's may. */
export function keyOf(context: RoutedContext, rules: CacheRules): string {
  const { route, caller, path, query, variant } = context
  return cacheKeyOf(
    { route, caller, path, query, variant, origin: rules.lifetime ? '' : originOfRequest(context) },
    rules,
  )
}

export const selectingOf = ({ headers, caller }: GatewayContext): Selecting => ({
  headers,
  get callerKey() {
    return callerKeyOf(caller)
  },
})

/** Of a request that the gateway has not taken them from. */
const CREDENTIALS = ['authorization', 'x-api-key', 'cookie']

/** What is wanted of the upstream, where no stored response can answer as it is. */
export function wantedBy(
  context: RoutedContext,
  {
    variants,
    ...found
  }: Pick<Wanted, 'key' | 'rules' | 'asked' | 'stored'> & {
    readonly variants: readonly CachedResponse[]
  },
): Wanted {
  const { route, path, query, headers, params } = context
  const { rules } = found
  const selecting = selectingOf(context)
  const [known] = variants
  return {
    ...{ ...found, route: route.name, url: path + query, selecting },
    variant: found.stored?.variant ?? variantOf(known ? reselect(known, selecting) : select(rules.vary, selecting)),
    tags: rules.tags(params),
    credentials: !isAnonymous(context) || CREDENTIALS.some((name) => headers[name] !== undefined),
  }
}

/** The stored response that the request selects, that is of any use still. */
export function findStored(context: RoutedContext, variants: readonly CachedResponse[], now: number) {
  if (variants.length === 0) return undefined
  const found = findVariant(variants, selectingOf(context))
  return found && found.keepUntil > now ? found : undefined
}

/** The conditions of the client, which are answered from what is stored. */
const CONDITIONS = ['if-none-match', 'if-modified-since', 'if-range', 'range']

/** The headers for the upstream: with the conditions given, in place of the client's. */
export function withConditions(headers: GatewayContext['headers'], conditions: Record<string, string[]>) {
  const sent: Record<string, string[]> = Object.assign(Object.create(null), headers)
  for (const name of CONDITIONS) delete sent[name]
  return Object.assign(sent, conditions)
}
