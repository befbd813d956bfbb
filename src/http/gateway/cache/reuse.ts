import { type Directives, parseDeltaSeconds, secondsOf } from './cache-control.ts'
import { ageOf } from './freshness.ts'
import type { CachedResponse } from './store.ts'

/**
 * How a stored response may answer a request: as it is; as it is while it is validated in the background (RFC 5861, 3); as it
 * is although it is stale, which the request allows; or only once it was validated.
 */
export type Use = 'fresh' | 'while_revalidating' | 'stale' | 'validate'

/** Decides that (RFC 9111, 4). `asked` is the request's Cache-Control, of which only what may be honoured is left. */
export function decideUse(stored: CachedResponse, asked: Directives | undefined, now: number): Use {
  const age = ageOf(stored, now)
  const staleSeconds = age - stored.freshSeconds
  if (stored.noCache) return 'validate'
  if (asked && isRefused(stored, asked, age)) return 'validate'
  // As long as it is old is fresh no more (4.2).
  if (staleSeconds < 0) return 'fresh'
  if (stored.mustRevalidate) return 'validate'
  if (staleSeconds < stored.staleWhileRevalidateSeconds) return 'while_revalidating'
  return asked && allowsStale(asked, staleSeconds) ? 'stale' : 'validate'
}

/** Whether a request asks for something newer (RFC 9111, 5.2.1). */
function isRefused(stored: CachedResponse, asked: Directives, age: number): boolean {
  if (asked.has('no-cache')) return true
  const maxAge = secondsOf(asked, 'max-age')
  const minFresh = secondsOf(asked, 'min-fresh')
  if (minFresh !== undefined && stored.freshSeconds - age < minFresh) return true
  if (maxAge === undefined || age <= maxAge - (maxAge === 0 ? 1 : 0)) return false
  // What never changes is not validated because a page is loaded anew (RFC 8246, 2).
  return !(isImmutable(stored) && age < stored.freshSeconds) && !allowsStale(asked, age - maxAge)
}

/** `max-stale` without an argument allows any staleness. */
function allowsStale(asked: Directives, staleSeconds: number): boolean {
  const argument = asked.get('max-stale')
  return argument === '' || (argument !== undefined && staleSeconds <= (parseDeltaSeconds(argument) ?? 0))
}

const isImmutable = ({ headers }: CachedResponse): boolean => IMMUTABLE.test(headers['cache-control'] ?? '')
const IMMUTABLE = /(^|,)\s*immutable\s*(,|$)/i

/** Whether a response that is stale may be used since the upstream has failed (RFC 5861, 4). */
export function mayReplaceFailure(stored: CachedResponse, asked: Directives | undefined, now: number): boolean {
  if (stored.noCache || stored.mustRevalidate) return false
  const staleSeconds = ageOf(stored, now) - stored.freshSeconds
  const allowed = Math.max(stored.staleIfErrorSeconds, (asked && secondsOf(asked, 'stale-if-error')) ?? 0)
  return staleSeconds < allowed
}

/** Whether a response that another request has just brought may answer this one as well. */
export const isUsable = (stored: CachedResponse, asked: Directives | undefined, now: number): boolean =>
  decideUse(stored, asked, now) !== 'validate' || mayReplaceFailure(stored, asked, now)
