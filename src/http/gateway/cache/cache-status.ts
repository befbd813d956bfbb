/** Why a request went on (RFC 9211, 2.2). */
export type Forwarded = 'uri-miss' | 'vary-miss' | 'stale' | 'request' | 'method' | 'bypass' | 'partial'

/** One member of `Cache-Status` (RFC 9211): what this cache did with a request. */
export interface CacheStatus {
  /** The seconds that the response stays fresh; negative where it is stale. */
  readonly ttl?: number | undefined
  /** Undefined where the cache itself answered. */
  readonly forwarded?: Forwarded | undefined
  /** The upstream's status, where it differs from the one that is sent. */
  readonly upstreamStatus?: number | undefined
  readonly stored?: boolean
  /** Whether it shared the answer to another request. */
  readonly collapsed?: boolean
  readonly detail?: string
}

/** Writes it, behind what caches before this one have written. */
export function formatCacheStatus(status: CacheStatus, before?: string): string {
  const { ttl, forwarded, upstreamStatus, stored, collapsed, detail } = status
  let text = forwarded === undefined ? 'ebb; hit' : `ebb; fwd=${forwarded}`
  if (upstreamStatus !== undefined) text += `; fwd-status=${upstreamStatus}`
  if (ttl !== undefined) text += `; ttl=${Math.floor(ttl)}`
  if (stored) text += '; stored'
  if (collapsed) text += '; collapsed'
  if (detail !== undefined) text += `; detail=${detail}`
  return before === undefined ? text : `${before}, ${text}`
}
