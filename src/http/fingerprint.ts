import { createHash } from 'node:crypto'

export interface Fingerprinted {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  /** The values of each header, one for each line. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>
  /** The headers that the contract names. */
  readonly named: readonly string[]
  readonly body: Uint8Array
}

/**
 * SHA-256 over all of a request that its contract names: method, path with query, headers, and raw body. Two requests that
 * share it are the same.
 */
export function fingerprint({ method, target, headers, named, body }: Fingerprinted): Uint8Array {
  const hash = createHash('sha256').update(`${method} ${target}\n`)
  for (const name of named.toSorted()) {
    // In one line, as the relay sends what came in several (RFC 9110, 5.3).
    if (headers[name]) hash.update(`${name}: ${headers[name].join(', ')}\n`)
  }
  return hash.update(body).digest()
}
