import type { PartSpec, UploadSpec } from './objects-shape.ts'
import { MAX_EXPIRY_SECONDS } from './sign-request.ts'

const MEBIBYTE = 1_048_576
/** What is larger comes in parts, so that a fault costs one of them. */
const MAX_WHOLE_BYTES = 64 * MEBIBYTE
const PART_BYTES = 16 * MEBIBYTE
/** S3's own limits. */
const MAX_PARTS = 10_000
const MAX_BYTES = 5 * 1_024 * 1_024 * MEBIBYTE

/** Until when an upload has to be finished, where nobody says it. */
export const UPLOAD_SECONDS = { whole: 3_600, parts: 86_400 } as const

/** The size of the parts of an upload; undefined where it comes as a whole. */
export const partBytesOf = (bytes: number): number | undefined =>
  bytes <= MAX_WHOLE_BYTES ? undefined : Math.max(PART_BYTES, Math.ceil(bytes / MAX_PARTS / MEBIBYTE) * MEBIBYTE)

const MEDIA_TYPE = /^[\w.+-]{1,127}\/[\w.+-]{1,127}$/
const SHA256 = /^[0-9a-f]{64}$/

/** Throws a TypeError: a contract has schemas by which a caller's mistakes are refused before. */
export function checkUpload({ type, bytes, sha256 }: UploadSpec): void {
  checkType(type)
  if (!Number.isSafeInteger(bytes) || bytes < 0 || bytes > MAX_BYTES)
    throw new TypeError(`\`bytes\` of an upload must be whole, and 0 to ${MAX_BYTES}`)
  if (partBytesOf(bytes) === undefined || sha256 !== undefined) checkSha256(sha256)
}

export function checkType(type: string): void {
  if (!MEDIA_TYPE.test(type))
    throw new TypeError('`type` of an object must be a media type without parameters, such as image/png')
}

export function checkPart({ number, sha256 }: PartSpec, count: number): void {
  if (!Number.isInteger(number) || number < 1 || number > count)
    throw new TypeError(`this upload has parts 1 to ${count}, and no ${number}`)
  checkSha256(sha256)
}

function checkSha256(sha256: string | undefined) {
  if (!SHA256.test(sha256 ?? '')) throw new TypeError('`sha256` must be 64 digits of lower-case hexadecimal')
}

export function checkExpiry(seconds: number): number {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_EXPIRY_SECONDS)
    throw new TypeError(`\`expiresInSeconds\` must be whole, and 1 to ${MAX_EXPIRY_SECONDS}`)
  return seconds
}
