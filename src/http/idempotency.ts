import { createHash } from 'node:crypto'

export interface FingerprintInput {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  /** The values of each header, one for each line. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>
  /** The headers that the contract names. */
  readonly contractHeaders: readonly string[]
  readonly body: Uint8Array
}

/**
 * SHA-256 over all of a request that its contract names: method, path with query, headers, and raw body. Two requests that
 * share it are the same.
 */
export function fingerprint({ method, target, headers, contractHeaders, body }: FingerprintInput): Uint8Array {
  const hash = createHash('sha256').update(`${method} ${target}\n`)
  for (const name of contractHeaders.toSorted()) {
    // In one line, as the relay sends what came in several (RFC 9110, 5.3).
    if (headers[name]) hash.update(`${name}: ${headers[name].join(', ')}\n`)
  }
  return hash.update(body).digest()
}

const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/

/**
 * The key in the value of an Idempotency-Key header. Its specification makes that a string of RFC 9651, whose quotes are no
 * part of it; most clients send it bare.
 */
export const parseIdempotencyKey = (value: string): string => {
  const [, quoted] = QUOTED.exec(value) ?? []
  return quoted?.replaceAll(/\\(.)/g, '$1') ?? value
}
