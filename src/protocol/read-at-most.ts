export interface BoundedBody {
  /** At most `maxBytes`. */
  readonly bytes: Uint8Array
  /** Whether that is all of the body. */
  readonly isWhole: boolean
  /** Why the body broke off, where it did. */
  readonly error?: Error
}

/**
 * Reads a body up to `maxBytes`, and no further: leaving the loop ends the stream, so that the rest is not fetched.
 * Never rejects, since some callers want what came before a body broke off.
 */
export async function readAtMost(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<BoundedBody> {
  const chunks: Uint8Array[] = []
  let length = 0
  const result = (isWhole: boolean) => ({ bytes: Buffer.concat(chunks).subarray(0, maxBytes), isWhole })
  try {
    for await (const chunk of body) {
      chunks.push(chunk)
      length += chunk.length
      if (length > maxBytes) return result(false)
    }
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error('the body broke off', { cause })
    return { ...result(false), error }
  }
  return result(true)
}
