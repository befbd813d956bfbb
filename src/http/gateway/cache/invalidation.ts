import { type ContractSet, parsePathTemplate, parseProxyPath, type Route } from '../../../contract/index.ts'
import type { GatewayContext, Outcome, Step } from '../context.ts'
import { createClientSink } from '../upstream/client-sink.ts'
import { wrapSink } from '../upstream/wrap-sink.ts'
import { fieldOf } from './fields.ts'
import { originOfRequest } from './lookup.ts'
import { cacheRulesOf } from './rules.ts'
import type { CacheStore } from './store.ts'

/** Those that change nothing, of all that a proxy passes on. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'QUERY', 'PROPFIND', 'REPORT', 'SEARCH'])

/**
 * Lets a request that may change something pass, and forgets what is stored for its address, and for those that the response
 * names in Location and Content-Location where they are of the same origin (RFC 9111, 4.4), unless the response is an error.
 */
export function createInvalidation({ purge }: Pick<CacheStore, 'purge'>) {
  const finders = new WeakMap<ContractSet, (path: string) => boolean>()
  /** Whether anything at a path is cached: most requests that change something have nothing to forget. */
  const isCached = ({ contracts }: GatewayContext, path: string): boolean => {
    if (!contracts) return false
    const known = finders.get(contracts) ?? createFinder(contracts)
    finders.set(contracts, known)
    return known(path)
  }

  return function invalidate(context: GatewayContext, next: Step): Outcome | undefined | Promise<Outcome | undefined> {
    if (SAFE.has(context.method)) return next(context)
    const { path, query } = context
    const sink = context.sink ?? createClientSink(context)
    context.sink = wrapSink(sink, {
      start: (status, headers) => {
        if (status >= 200 && status < 400) {
          const named = [fieldOf(headers, 'location'), fieldOf(headers, 'content-location')]
          const urls = new Set([path + query, ...named.flatMap((reference) => sameOrigin(context, reference))])
          for (const url of urls) if (isCached(context, pathOf(url))) void purge({ url })
        }
        sink.start(status, headers)
      },
    })
    return next(context)
  }
}

const pathOf = (url: string) => url.split('?', 1)[0] ?? ''

/** Path and query of a reference, where it is of the origin that was asked. */
function sameOrigin(context: GatewayContext, reference: string | undefined): readonly string[] {
  if (reference === undefined) return []
  const origin = originOfRequest(context)
  if (!URL.canParse(reference, origin + context.path)) return []
  const url = new URL(reference, origin + context.path)
  return url.origin === new URL(origin).origin ? [url.pathname + url.search] : []
}

function createFinder({ routes }: ContractSet): (path: string) => boolean {
  const matches = routes.filter((route) => cacheRulesOf(route)).map(matcherOf)
  return (path) => matches.some((match) => match(path))
}

function matcherOf({ path, upstream }: Route): (path: string) => boolean {
  const { match } = upstream ? parseProxyPath(path) : parsePathTemplate(path)
  return (asked) => match(asked) !== undefined
}
