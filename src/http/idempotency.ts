import { createHash } from 'node:crypto'
import { Problem, parseCookies } from '../contract/index.ts'
import type { Claim, ClaimResult, StoredResponse } from '../kernel/index.ts'

const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/

/**
 * The key in the value of an Idempotency-Key header. Its specification makes that a string of RFC 9651, whose quotes are
 * not part of the key; most clients send it bare.
 */
export const parseIdempotencyKey = (value: string): string => {
  const [, quoted] = QUOTED.exec(value) ?? []
  return quoted?.replaceAll(/\\(.)/g, '$1') ?? value
}

export interface FingerprintInput {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  /** The values of each header, one for each line. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>
  /** The headers that the contract names. */
  readonly contractHeaders: readonly string[]
  /** The cookies that it names. */
  readonly contractCookies?: readonly string[] | undefined
  readonly body: Uint8Array
}

/**
 * SHA-256 over all of a request that its contract names: method, path with query, headers, cookies, and raw body. Two requests with
 * the same fingerprint are the same.
 */
export function fingerprint(request: FingerprintInput): Uint8Array {
  const { method, target, headers, contractHeaders, contractCookies, body } = request
  const hash = createHash('sha256').update(`${method} ${target}\n`)
  for (const name of contractHeaders.toSorted()) {
    // Joined, as the relay sends a header that came in several lines (RFC 9110, 5.3).
    if (headers[name]) hash.update(`${name}: ${headers[name].join(', ')}\n`)
  }
  // Others of the same host change whenever they like.
  const cookies = contractCookies ? parseCookies(headers.cookie) : {}
  for (const name of contractCookies?.toSorted() ?? []) {
    if (cookies[name]) hash.update(`cookie ${name}=${cookies[name].join()}\n`)
  }
  return hash.update(body).digest()
}

interface KeyedRequest extends FingerprintInput {
  readonly caller: string
  readonly route: string
  /** The value of its Idempotency-Key header. */
  readonly header: string | undefined
}

/**
 * The claim of a request's Idempotency-Key; undefined where it has none. Gateway and function both make it here: were their
 * claims of one request different, the gateway would never find what the function stored.
 */
export function toClaim({ caller, route, header, ...request }: KeyedRequest): Claim | undefined {
  const key = header && parseIdempotencyKey(header)
  return key ? { caller, route, key, fingerprint: fingerprint(request) } : undefined
}

/** What a request with this key is answered with at once; undefined where the key is new and the request goes on. */
export function claimToResponse(result: ClaimResult): StoredResponse | Problem | undefined {
  switch (result.status) {
    case 'new':
      return undefined
    case 'in-flight':
      return new Problem('in_progress', 409, 'A request with this Idempotency-Key is being handled right now.', {
        retryAfterSeconds: 1,
      })
    case 'mismatch':
      return new Problem('idempotency_mismatch', 422, 'This Idempotency-Key was used for another request.')
    case 'finished': {
      const { response } = result
      return { ...response, headers: { ...response.headers, 'idempotency-replayed': 'true' } }
    }
  }
}
