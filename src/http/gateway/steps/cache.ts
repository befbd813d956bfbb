import { Problem } from '../../../contract/index.ts'
import { answerFrom } from '../cache/answer.ts'
import { type AskOptions, createAsker } from '../cache/ask-upstream.ts'
import { type CacheStatus, formatCacheStatus } from '../cache/cache-status.ts'
import { type CdnTagHeader, cdnHeadersOf } from '../cache/cdn-headers.ts'
import { explainCache } from '../cache/explain-cache.ts'
import type { Wanted } from '../cache/fetch.ts'
import { ageOf } from '../cache/freshness.ts'
import { createInvalidation } from '../cache/invalidation.ts'
import { askedBy, findStored, keyOf, type RoutedContext, wantedBy } from '../cache/lookup.ts'
import { passHead } from '../cache/pass-head.ts'
import { passOn } from '../cache/pass-on.ts'
import { decideUse } from '../cache/reuse.ts'
import { type CacheRules, cacheRulesOf } from '../cache/rules.ts'
import type { CachedResponse } from '../cache/store.ts'
import { isAnonymous, isRouted, type Outcome, type Reply, type Step } from '../context.ts'
import type { CachedRequest, GatewayDependencies, ResponseCache } from '../dependencies.ts'
import { explained } from '../explanation.ts'

/** What is longer is passed on, and not kept. */
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024
const HIT: CacheStatus = {}
const NOT_CACHED = new Problem('not_cached', 504, 'There is no stored response, and you asked for no other.', {
  headers: { 'cache-status': 'ebb; detail=only-if-cached' },
})

/**
 * Answers a GET by a stored response (RFC 9111), and stores those that may be: by the contract's `cache`, or by the fields of an
 * existing service's responses. What is not there, or not fresh, is asked of the upstream, by `next` for a caller and by `call`
 * for nobody.
 */
export function cache(
  { log, metrics }: Pick<GatewayDependencies, 'log' | 'metrics'>,
  { store, now = Date.now, reloadScope, maxResponseBytes = MAX_RESPONSE_BYTES, cdnTagHeader }: ResponseCache,
  upstream: Pick<AskOptions, 'next' | 'call'>,
): Step {
  const { next } = upstream
  const invalidate = createInvalidation(store)
  const reply = createReply(now, cdnTagHeader)
  const { ask, renew, isAlone } = createAsker({
    ...upstream,
    store,
    now,
    maxBytes: maxResponseBytes,
    reply,
    metrics,
    log,
  })

  const count = ({ route }: RoutedContext, outcome: CachedRequest['outcome']) =>
    metrics.cached?.({ route: route.name, outcome })

  function answer(context: RoutedContext, rules: CacheRules, key: string, variants: readonly CachedResponse[]) {
    const time = now()
    const asked = askedBy(context, reloadScope)
    const stored = findStored(context, variants, time)
    const use = stored ? decideUse(stored, asked, time) : 'validate'
    if (stored && use !== 'validate') {
      if (use === 'while_revalidating')
        renew(context, wantedBy(context, { key, rules, asked: undefined, stored, variants }))
      count(context, use === 'fresh' ? 'hit' : 'stale')
      return reply(context, stored, { rules }, HIT)
    }
    if (asked?.has('only-if-cached')) {
      count(context, 'miss')
      return NOT_CACHED
    }
    const wanted = wantedBy(context, { key, rules, asked, stored, variants })
    return fetch(context, wanted, variants.length > 0)
  }

  function fetch(context: RoutedContext, wanted: Wanted, hasVariants: boolean) {
    const { stored, rules } = wanted
    const missed = hasVariants ? 'vary-miss' : 'uri-miss'
    const forwarded = !stored ? missed : decideUse(stored, undefined, now()) === 'validate' ? 'stale' : 'request'
    if (context.method === 'HEAD') {
      count(context, 'bypass')
      return passHead(context, wanted, { store, now, next, forwarded })
    }
    if (stored || rules.lifetime || !isForService(context, isAlone(wanted))) return ask(context, wanted, forwarded)
    count(context, 'bypass')
    context.sink = passOn(context, { sink: context.sink, status: { forwarded: 'bypass' } })
    return next(context)
  }

  const step: Step = function cache(context): Outcome | undefined | Promise<Outcome | undefined> {
    if (!isRouted(context)) return next(context)
    if (context.method !== 'GET' && context.method !== 'HEAD') return invalidate(context, next)
    const rules = cacheRulesOf(context.route)
    if (!rules) return next(context)
    const key = keyOf(context, rules)
    const found = store.get(key)
    return found instanceof Promise
      ? found.then((variants) => answer(context, rules, key, variants))
      : answer(context, rules, key, found)
  }
  return explained(step, (context) => explainCache(context, { store, now, reloadScope }))
}

/**
 * Whether a service must see a request as it is: it asks for a part, which is not stored, or has a condition that only an
 * origin server can judge (RFC 9111, 4.3.2), or one about what is known not to be stored.
 */
function isForService({ headers }: RoutedContext, isAlone: boolean): boolean {
  if (headers.range || headers['if-match'] || headers['if-unmodified-since']) return true
  return isAlone && (headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined)
}

/** What a caller gets of a stored response. It is counted where it called nothing. */
const createReply =
  (now: () => number, cdnTagHeader: CdnTagHeader | undefined): AskOptions['reply'] =>
  (context, response, { rules }, status): Reply => {
    const time = now()
    const { status: code, headers, body } = answerFrom(response, context, time)
    const ttl = response.freshSeconds - ageOf(response, time)
    headers['cache-status'] = formatCacheStatus({ ...status, ttl })
    const { cacheControl } = rules
    if (cacheControl) {
      const forEverybody = rules.shared && isAnonymous(context)
      context.responseHeaders['cache-control'] = forEverybody ? cacheControl.everybody : cacheControl.caller
      // A CDN goes by the URL: what it keeps must be the same for everybody.
      if (forEverybody && cdnTagHeader) Object.assign(headers, cdnHeadersOf(response, cdnTagHeader))
    } else if (headers['cache-control'] !== undefined) {
      // How long its responses may be kept, the service knows.
      delete context.responseHeaders['cache-control']
    }
    if (context.invoked) return { status: code, headers, body }
    return {
      status: code,
      headers,
      body,
      shortCircuitReason: code === 304 ? 'not_modified' : ttl > 0 ? 'cached' : 'stale',
    }
  }
