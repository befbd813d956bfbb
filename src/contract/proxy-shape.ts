import type { Access } from './endpoint-shape.ts'

/**
 * A service that is there already, behind the gateway, as `proxy()` takes it.
 * @example
 * const shape: ProxyShape = {
 *   name: 'old-shop',
 *   summary: 'The shop as it was before Ebb.',
 *   path: '/shop/*',
 *   upstream: { url: 'http://shop.internal:8080' },
 *   access: { scopes: ['shop:use'] },
 * }
 * @see docs/guide/27-existing-services.md
 */
export interface ProxyShape {
  /** The name of its folder: a DNS label of at most 40 characters. */
  readonly name: string
  /** What is behind it, in one sentence. */
  readonly summary: string
  /** More than a sentence, in CommonMark. */
  readonly description?: string
  /**
   * The paths: segments and `{parameters}` as of an endpoint, and a last segment `*` for the path itself and everything below
   * it. A request goes to what names its path most closely: an endpoint or a proxy without `*` before one with it.
   */
  readonly path: `/${string}`
  /** The methods that are passed on; GET includes HEAD (default: GET, POST, PUT, PATCH, DELETE and OPTIONS). */
  readonly methods?: readonly ProxiedMethod[]
  /** Where the service is, and what it gets of a request. */
  readonly upstream: ProxyUpstream
  /** Who may call. The gateway answers 401 and 403 itself, as for an endpoint; there is no `owner` and no `policy`. */
  readonly access: Pick<Access, 'scopes' | 'anonymous' | 'dpop' | 'authorizer'>
  /** The caller must have a tenant; others get a 403 `tenant_required`. */
  readonly tenancy?: true
  /**
   * What each caller (where anonymous: each client address) may send: `requests` in `perSeconds` on average, and `burst` at
   * once (default: `requests`). Beyond it the gateway answers 429.
   */
  readonly limit?: { readonly requests: number; readonly perSeconds: number; readonly burst?: number }
  /** The requests of one gateway that are with the service at a time; beyond it the gateway answers 503 (default: 200). */
  readonly concurrency?: number
  /** How long the service may take until the headers of its response arrive, in milliseconds (default: 10 s, at most 10 min). */
  readonly timeoutMs?: number
  /**
   * The longest body of a request, in bytes (default: 1 MiB); 0 takes none. A body of more than 1 MiB, or of unknown length
   * where more is allowed, is passed on as it arrives, for 5 min at most, and never sent a second time.
   */
  readonly maxBodyBytes?: number
  /**
   * `origin`: the gateway keeps responses for as long as their own headers allow (RFC 9111). `origin-and-callers`: and callers
   * may ask for new ones (`Cache-Control: no-cache`), so that each of them can send every request to the service. By default it
   * keeps none.
   */
  readonly cache?: 'origin' | 'origin-and-callers'
}

/**
 * A method that a proxy may pass on: those of RFC 9110 and RFC 5789, QUERY, and those of WebDAV.
 * @example const reads: readonly ProxiedMethod[] = ['GET', 'PROPFIND']
 */
export type ProxiedMethod = (typeof PROXIED_METHODS)[number]

/** GET includes HEAD. CONNECT and TRACE are for no path. */
export const PROXIED_METHODS = [
  ...(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'] as const),
  ...(['PROPFIND', 'PROPPATCH', 'MKCOL', 'COPY', 'MOVE', 'LOCK', 'UNLOCK', 'REPORT', 'SEARCH'] as const),
] as const

/**
 * Where an existing service is, and what it gets of a request. No part of a request can lead anywhere else.
 * @example
 * const upstream: ProxyUpstream = { url: 'http://shop.internal:8080', stripPrefix: true, removeHeaders: ['cookie'] }
 */
export interface ProxyUpstream {
  /**
   * Its address: http or https, a host (a name, an IPv4 or a bracketed IPv6 address), and what comes before each path. Where
   * `EBB_UPSTREAMS` names another one for this proxy, as on a laptop or in staging, that is taken.
   */
  readonly url: string
  /** The part of `path` before `/*` is left out of what it gets, and put before what its responses lead to. */
  readonly stripPrefix?: true
  /** The header `Host`: that of `url` (default), or `preserve`, as the caller sent it. */
  readonly host?: 'preserve'
  /**
   * `forward`: it also gets the credential that the gateway has checked. With `anonymous` the gateway looks at none, and the
   * service checks its own. By default none is passed on that the gateway has checked.
   */
  readonly credentials?: 'forward'
  /**
   * How it learns who calls: a signed `Ebb-Identity` for its name (default); `plain`, which adds `Ebb-Subject`, `Ebb-Scopes`,
   * `Ebb-Roles` and `Ebb-Tenant`, true for what only the gateway can reach; or `none`, as for another company's service.
   */
  readonly identity?: 'plain' | 'none'
  /** Its own CORS headers and its own answers to OPTIONS are passed on, to anybody (default: those of the gateway). */
  readonly cors?: 'upstream'
  /**
   * Where the gateway connects to on Kubernetes, each as `host:port`, as in an endpoint's `egress` (default: what `url` says):
   * for a Service in the cluster whose port is not that of its pods, theirs.
   */
  readonly egress?: readonly string[]
  /** Headers that each request to it has, in lower case, in place of the caller's. */
  readonly setHeaders?: Readonly<Record<string, string>>
  /** Headers of the caller that it does not get, in lower case. */
  readonly removeHeaders?: readonly string[]
}

/**
 * A proxy's contract as `proxy()` returns it: frozen, and known to be consistent.
 * @example const paths = (contracts: readonly ProxyContract[]) => contracts.map(({ path }) => path)
 */
export type ProxyContract<C extends ProxyShape = ProxyShape> = C & { readonly kind: 'proxy' }
