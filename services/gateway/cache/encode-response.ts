import type { CachedResponse } from '../../../src/http/gateway/cache/store.ts'

/** A response as gateways share it: with the snapshot of the database at which its upstream was asked. */
export interface SharedResponse {
  readonly response: CachedResponse
  readonly snapshot: string
}

/** Of another layout than this gateway's, nothing is read. */
const VERSION = 1

/** A response as bytes: a version, the length of its head, the head as JSON, and the body as it is. */
export function encodeResponse({ response: { body, ...head }, snapshot }: SharedResponse): Buffer {
  const json = Buffer.from(JSON.stringify({ ...head, snapshot }))
  const prefix = Buffer.alloc(5)
  prefix.writeUInt8(VERSION)
  prefix.writeUInt32BE(json.length, 1)
  return Buffer.concat([prefix, json, body])
}

/** Returns undefined for another version's. The bytes are a gateway's own: their seal says so. */
export function decodeResponse(bytes: Buffer): SharedResponse | undefined {
  if (bytes.length < 5 || bytes.readUInt8() !== VERSION) return undefined
  const bodyAt = 5 + bytes.readUInt32BE(1)
  const { snapshot, ...head } = JSON.parse(bytes.toString('utf8', 5, bodyAt))
  return { response: { ...head, body: bytes.subarray(bodyAt) }, snapshot }
}
