/** A value that is there already, or a promise of it: what a process has in memory costs no promise. */
export type MaybePromise<T> = T | Promise<T>

/** Times are milliseconds since 1970 of the clock of the gateway that stored it. Plain data, so that any store can hold it. */
export interface CachedResponse {
  /** Which of the variants under its key it is: the request headers that select it (RFC 9111, 4.1); '' where there is one. */
  readonly variant: string
  /** The names in `Vary`, in lower case, with the normalised values of the request that it answered; null where it had none. */
  readonly selectedBy: readonly (readonly [name: string, value: string | null])[]
  readonly status: number
  /** Those that may be stored and sent to any caller of its key: names in lower case, the lines of one name joined. */
  readonly headers: Readonly<Record<string, string>>
  /** The whole of it: a response that broke off is never stored. */
  readonly body: Uint8Array
  readonly requestedAt: number
  readonly respondedAt: number
  /** How old it was when it came, in seconds (RFC 9111, 4.2.3: corrected_initial_age). */
  readonly initialAgeSeconds: number
  /** For how long it is fresh, from an age of 0 on; 0 where each use needs a validation. */
  readonly freshSeconds: number
  /** How long beyond that it may be used while it is validated in the background, and where the upstream fails (RFC 5861). */
  readonly staleWhileRevalidateSeconds: number
  readonly staleIfErrorSeconds: number
  /** Whether it may never be used stale, whatever the request says (must-revalidate, proxy-revalidate, s-maxage). */
  readonly mustRevalidate: boolean
  /** Whether each use needs a validation, however fresh it is (no-cache). */
  readonly noCache: boolean
  /** When it is of no use any more, and may be forgotten. */
  readonly keepUntil: number
  /** What it can be purged by, besides its tags: the name of its route, and path and query as they were asked for. */
  readonly route: string
  readonly url: string
  readonly tags: readonly string[]
}

/** Which responses are to be forgotten. `url` is path and query, and means the responses to all callers. */
export type Purge = { readonly tag: string } | { readonly route: string } | { readonly url: string }

/**
 * Where responses are kept. A key is one resource for one caller, or for all where it is shared; beneath it are the variants
 * that `Vary` makes. A store may forget any of them at any time, and does where it cannot be reached: it never rejects.
 */
export interface CacheStore {
  /** All variants under a key; none is an empty list. */
  readonly get: (key: string) => MaybePromise<readonly CachedResponse[]>
  /**
   * Keeps a response, in place of the one of its variant. `since` is what `generation` was when the upstream was asked: where
   * a purge that concerns the response came between, what it says may be from before the purge, and it is not kept.
   */
  readonly put: (key: string, response: CachedResponse, since: number) => MaybePromise<void>
  /** Forgets one variant. */
  readonly remove: (key: string, variant: string) => MaybePromise<void>
  /** Forgets what a purge concerns, here and in every gateway that shares this store. */
  readonly purge: (purge: Purge) => MaybePromise<void>
  /** How many purges this process has seen. A request that comes after one does not share the answer to one from before it. */
  readonly generation: () => number
}

/** Whether a purge concerns a response. */
export function concerns(purge: Purge, { tags, route, url }: Pick<CachedResponse, 'tags' | 'route' | 'url'>): boolean {
  if ('tag' in purge) return tags.includes(purge.tag)
  return 'route' in purge ? purge.route === route : purge.url === url
}
