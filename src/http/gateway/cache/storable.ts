import { type Directives, isWhole, parseCacheControl } from './cache-control.ts'
import { type Fields, fieldOf, linesOf } from './fields.ts'
import { isHeuristic } from './freshness.ts'
import { parseTargetedDirectives } from './structured-dictionary.ts'
import { parseVary } from './vary.ts'

/** What a response says to this cache: by CDN-Cache-Control where that is there and well-formed (RFC 9213), else by Cache-Control. */
export function directivesOf(fields: Fields): { readonly directives: Directives; readonly targeted: boolean } {
  const lines = linesOf(fields, 'cdn-cache-control')
  const directives = lines.length > 0 ? parseTargetedDirectives(lines) : undefined
  if (directives) return { directives, targeted: true }
  return { directives: parseCacheControl(linesOf(fields, 'cache-control')), targeted: false }
}

interface Response {
  readonly status: number
  readonly fields: Fields
  readonly directives: Directives
  readonly targeted: boolean
}

/**
 * Whether a complete response to a GET may be stored by a shared cache (RFC 9111, 3). `credentials`: whether the request had
 * any, a cookie included; then only what says that it is for all (3.5; must-revalidate alone does not, here). Set-Cookie is
 * never stored: it is meant for one.
 */
export function isStorable(response: Response, { credentials }: { readonly credentials: boolean }): boolean {
  const { status, fields, directives } = response
  // It has no end.
  if (fieldOf(fields, 'content-type')?.startsWith('text/event-stream')) return false
  if (status < 200 || status === 206 || status === 304) return false
  if (directives.has('must-understand') ? !UNDERSTOOD.has(status) : directives.has('no-store')) return false
  if (isWhole(directives, 'private') || fields['set-cookie'] !== undefined || !parseVary(fields)) return false
  const isPublic = directives.has('public') || directives.has('s-maxage')
  if (credentials && !isPublic) return false
  if (isPublic || directives.has('max-age') || isHeuristic(status, directives)) return true
  return !response.targeted && fields.expires !== undefined
}

/** The final statuses whose meaning for caches this one knows (RFC 9110, 15; RFC 6585; RFC 7725), but for 206 and 304. */
const UNDERSTOOD = new Set([
  ...[
    200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409,
  ],
  ...[410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 511],
])
