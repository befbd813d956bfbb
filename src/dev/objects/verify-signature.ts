import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { AwsV4Signer } from 'aws4fetch'

export interface StoreKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

interface Claimed {
  readonly credential: string
  readonly signedHeaders: string
  readonly signature: string
  readonly datetime: string
}

/** How far the clock of a request signed in its headers may be off. */
const SKEW_MS = 900_000
const ALGORITHM = 'AWS4-HMAC-SHA256'

/**
 * Whether a request is signed with the store's key (Signature Version 4), by its headers or its URL, and its time is not over. Returns
 * why it is not, in S3's words.
 */
export async function verifySignature(
  request: IncomingMessage,
  { accessKeyId, secretAccessKey }: StoreKey,
  now = Date.now(),
): Promise<'AccessDenied' | 'SignatureDoesNotMatch' | undefined> {
  const url = new URL(request.url ?? '/', `http://${request.headers.host}`)
  const inUrl = url.searchParams.has('X-Amz-Signature')
  const claimed = inUrl ? claimedInUrl(url) : claimedInHeaders(request)
  if (!claimed) return 'AccessDenied'
  const [key, , region = '', service = ''] = claimed.credential.split('/')
  const signedAt = Date.parse(claimed.datetime.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:'))
  const expiresMs = Number(url.searchParams.get('X-Amz-Expires')) * 1_000
  const isInTime = inUrl ? now < signedAt + expiresMs : Math.abs(now - signedAt) < SKEW_MS
  if (key !== accessKeyId || !isInTime) return 'AccessDenied'
  const signed = claimed.signedHeaders.split(';')
  // Whoever could leave these out could send another body than the signed one.
  const unsigned = ['content-type', 'x-amz-checksum-sha256', 'x-amz-copy-source'].some(
    (name) => name in request.headers && !signed.includes(name) && !(name === 'content-type' && !inUrl),
  )
  if (unsigned) return 'SignatureDoesNotMatch'
  const headers = signed.flatMap((name) => {
    const value = request.headers[name]
    return name === 'host' || value === undefined ? [] : [[name, String(value)] as [string, string]]
  })
  url.searchParams.delete('X-Amz-Signature')
  const signer = new AwsV4Signer({
    ...{ method: request.method ?? '', url: url.href, headers, accessKeyId, secretAccessKey, region, service },
    ...{ datetime: claimed.datetime, signQuery: inUrl, allHeaders: true },
  })
  return isEqual(await signer.signature(), claimed.signature) ? undefined : 'SignatureDoesNotMatch'
}

function claimedInUrl({ searchParams }: URL): Claimed | undefined {
  const get = (name: string) => searchParams.get(`X-Amz-${name}`) ?? ''
  if (get('Algorithm') !== ALGORITHM) return undefined
  return {
    ...{ credential: get('Credential'), signedHeaders: get('SignedHeaders') },
    ...{ signature: get('Signature'), datetime: get('Date') },
  }
}

function claimedInHeaders({ headers }: IncomingMessage): Claimed | undefined {
  const [, credential = '', signedHeaders = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)$/.exec(
      headers.authorization ?? '',
    ) ?? []
  if (signature === '') return undefined
  return { credential, signedHeaders, signature, datetime: String(headers['x-amz-date'] ?? '') }
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
