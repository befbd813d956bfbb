import { AwsV4Signer } from 'aws4fetch'
import type { ObjectAddress } from './object-address.ts'

/**
 * A request that its holder may send as it is, without a key: with this method and these headers, within its time.
 * @example const send = ({ method, url, headers }: SignedRequest, body: Blob) => fetch(url, { method, headers, body })
 */
export interface SignedRequest {
  /** GET or PUT. */
  readonly method: string
  /** Where to send it; whoever has it may, until it expires. */
  readonly url: string
  /** What is to be sent with it, exactly. */
  readonly headers: Readonly<Record<string, string>>
}

interface Unsigned {
  readonly method: string
  /** Below the bucket, such as `/0b5c…`; empty for the bucket itself. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** The longest that Signature Version 4 allows: seven days. */
export const MAX_EXPIRY_SECONDS = 604_800

const SERVICE = 's3'

/**
 * Signs a request for somebody else, in its URL (Signature Version 4). Every header is signed: what is sent with another type, size
 * or checksum is refused by the store. A browser sets Content-Length by itself, and refuses to be told.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export async function presign(
  address: ObjectAddress,
  { method, path, query = {}, headers = {} }: Unsigned,
  expiresInSeconds: number,
): Promise<SignedRequest> {
  const url = new URL(address.publicUrl + path)
  for (const [name, value] of Object.entries({ ...query, 'X-Amz-Expires': String(expiresInSeconds) }))
    url.searchParams.set(name, value)
  const { 'content-length': _length, ...sent } = headers
  const signer = new AwsV4Signer({
    ...credentialsOf(address),
    method,
    url: url.href,
    headers,
    signQuery: true,
    allHeaders: true,
  })
  const signed = await signer.sign()
  return { method, url: signed.url.href, headers: sent }
}

/** Signs a request of our own, in its headers. Its body is not part of the signature: checksums are headers of their own. */
export async function signRequest(
  address: ObjectAddress,
  { method, path, query = {}, headers = {} }: Unsigned,
): Promise<{ readonly url: URL; readonly headers: Record<string, string> }> {
  const url = new URL(address.url + path)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  const signer = new AwsV4Signer({ ...credentialsOf(address), method, url: url.href, headers })
  const signed = await signer.sign()
  return { url: signed.url, headers: Object.fromEntries(signed.headers) }
}

const credentialsOf = ({ accessKeyId, secretAccessKey, region }: ObjectAddress) => ({
  ...{ accessKeyId, secretAccessKey, region, service: SERVICE },
})
