import { type Fields, fieldOf, linesOf, splitList } from './fields.ts'
import { formatHttpDate, parseHttpDate } from './http-date.ts'
import type { CachedResponse } from './store.ts'

/** Whether two entity tags are the same representation or one that serves as well (RFC 9110, 8.8.3.2). */
export const matchesWeakly = (a: string, b: string): boolean => opaque(a) === opaque(b)

/** Whether they are the same to the last byte. */
export const matchesStrongly = (a: string, b: string): boolean => a === b && !a.startsWith('W/')

const opaque = (tag: string) => (tag.startsWith('W/') ? tag.slice(2) : tag)

/**
 * Whether the client has the response already (RFC 9111, 4.3.2). If-None-Match goes before If-Modified-Since, which counts
 * only where it is one date; If-Match and If-Unmodified-Since are for origin servers alone.
 */
export function isNotModified(
  headers: Fields,
  stored: Pick<CachedResponse, 'headers' | 'status' | 'respondedAt'>,
): boolean {
  const none = headers['if-none-match']
  if (none === undefined && headers['if-modified-since'] === undefined) return false
  // A condition is ignored where the response without it were no success (RFC 9110, 13.2.1).
  if (stored.status < 200 || stored.status > 299) return false
  if (none !== undefined) {
    const tag = stored.headers.etag
    const wanted = splitList(linesOf(headers, 'if-none-match').join(','))
    return wanted.includes('*') || (tag !== undefined && wanted.some((each) => matchesWeakly(each, tag)))
  }
  const lines = linesOf(headers, 'if-modified-since')
  const since = lines.length === 1 ? parseHttpDate(lines[0] ?? '', stored.respondedAt) : undefined
  return since !== undefined && lastModifiedOf(stored) <= since
}

/** When it was last modified, or else came into being (RFC 9111, 4.3.2). */
function lastModifiedOf({ headers, respondedAt }: Pick<CachedResponse, 'headers' | 'respondedAt'>): number {
  const said = headers['last-modified'] ?? headers.date
  return (said === undefined ? undefined : parseHttpDate(said, respondedAt)) ?? respondedAt
}

/** Whether a Range applies: without If-Range, or where that names exactly this representation (RFC 9110, 13.1.5). */
export function ifRangeHolds(headers: Fields, { headers: stored, respondedAt }: CachedResponse): boolean {
  const condition = fieldOf(headers, 'if-range')?.trim()
  if (condition === undefined) return true
  if (condition.startsWith('"') || condition.startsWith('W/')) return matchesStrongly(condition, stored.etag ?? '')
  const modified = stored['last-modified']
  if (modified === undefined || condition !== modified) return false
  // A date is a strong validator only where it is a minute older than the response (8.8.2.2).
  const [changed, came] = [parseHttpDate(modified, respondedAt), parseHttpDate(stored.date ?? '', respondedAt)]
  return changed !== undefined && came !== undefined && came - changed >= STRONG_AFTER_MS
}

const STRONG_AFTER_MS = 60_000

/** What a request to the upstream asks instead of for the whole response (RFC 9111, 4.3.1); empty where it has no validator. */
export function conditionsOf({ headers }: Pick<CachedResponse, 'headers'>): Record<string, string[]> {
  const { etag, 'last-modified': modified } = headers
  return {
    ...(etag === undefined ? {} : { 'if-none-match': [etag] }),
    ...(modified === undefined ? {} : { 'if-modified-since': [modified] }),
  }
}

/**
 * Whether a 304 or the answer to a HEAD is about the stored response (RFC 9111, 4.3.4 and 4.3.5): its validators are not those
 * of another one, nor is its length.
 */
export function isAbout(fields: Fields, { headers }: Pick<CachedResponse, 'headers'>): boolean {
  const tag = fieldOf(fields, 'etag')
  if (tag !== undefined) return headers.etag !== undefined && (tag === headers.etag || matchesWeakly(tag, headers.etag))
  const modified = fieldOf(fields, 'last-modified')
  return modified === undefined || modified === headers['last-modified']
}

/** The date that a response gets which has none (RFC 9110, 6.6.1). */
export const dateOf = (fields: Fields, respondedAt: number): string =>
  fieldOf(fields, 'date') ?? formatHttpDate(respondedAt)
