import type { CachedResponse } from './store.ts'

/** The header that a CDN in front reads tags from. */
export type CdnTagHeader = 'cache-tag' | 'surrogate-key'

type Cacheable = Pick<CachedResponse, 'tags' | 'freshSeconds' | 'staleWhileRevalidateSeconds' | 'staleIfErrorSeconds'>

/** Of the tags of one response; CDNs take between 1,000 and 16,000 characters. */
const MAX_TAGS_LENGTH = 4_000
/** As a header can hold it, in a list of either kind. */
const HEADER_TAG = /^[\x21-\x2b\x2d-\x7e]+$/

/**
 * What tells a CDN for how long, and under which tags, it may keep a response that is the same for everybody: in `Cache-Tag`
 * and `CDN-Cache-Control` (RFC 9213), or in `Surrogate-Key` and `Surrogate-Control`. Clients go by Cache-Control.
 */
export function cdnHeadersOf(response: Cacheable, tagHeader: CdnTagHeader): Record<string, string> {
  const isSurrogate = tagHeader === 'surrogate-key'
  const { freshSeconds, staleWhileRevalidateSeconds, staleIfErrorSeconds } = response
  const directives = [
    `max-age=${Math.floor(freshSeconds)}`,
    ...(staleWhileRevalidateSeconds > 0 ? [`stale-while-revalidate=${staleWhileRevalidateSeconds}`] : []),
    ...(staleIfErrorSeconds > 0 ? [`stale-if-error=${staleIfErrorSeconds}`] : []),
  ].join(', ')
  const tags = joinTags(response.tags, isSurrogate ? ' ' : ',')
  return {
    [isSurrogate ? 'surrogate-control' : 'cdn-cache-control']: directives,
    ...(tags === '' ? {} : { [tagHeader]: tags }),
  }
}

/** Those that fit: the first are the contract's. */
function joinTags(tags: readonly string[], separator: string): string {
  let joined = ''
  for (const tag of tags) {
    const next = joined === '' ? tag : joined + separator + tag
    if (next.length > MAX_TAGS_LENGTH) break
    if (HEADER_TAG.test(tag)) joined = next
  }
  return joined
}
