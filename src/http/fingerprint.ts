import { createHash } from 'node:crypto'

/** SHA-256 over a request's method, path with query as sent, and raw body: two requests that share it are the same. */
export function fingerprint({
  method,
  target,
  body,
}: {
  method: string
  target: string
  body: Uint8Array
}): Uint8Array {
  return createHash('sha256').update(`${method} ${target}\n`).update(body).digest()
}
