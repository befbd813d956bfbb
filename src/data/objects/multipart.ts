import type { ObjectAddress } from './object-address.ts'
import { checksumOf, type SendExpecting } from './send-request.ts'
import { presign, type SignedRequest } from './sign-request.ts'

/** A part that has arrived. */
export interface StoredPart {
  readonly number: number
  readonly bytes: number
  readonly etag: string
  /** In base64, as stores have it; undefined where they do not know it. */
  readonly sha256: string | undefined
}

interface PartOptions {
  readonly number: number
  readonly bytes: number
  /** In hexadecimal: the store refuses another content. */
  readonly sha256: string
}

/** An object that comes in parts, in any order and again where one was broken off. It is there once it is completed. */
export interface Multipart {
  /** The upload of this key that is under way; begins one where there is none. */
  beginParts(key: string, type: string, signal?: AbortSignal): Promise<string>
  /** The newest upload of this key that is under way. */
  findUpload(key: string, signal?: AbortSignal): Promise<string | undefined>
  /** Empty where the upload is over. */
  listParts(key: string, upload: string, signal?: AbortSignal): Promise<readonly StoredPart[]>
  putPart(key: string, upload: string, part: PartOptions, body: Uint8Array, signal?: AbortSignal): Promise<void>
  /** Says whether the store takes them for what they were announced as. */
  completeParts(key: string, upload: string, parts: readonly StoredPart[], signal?: AbortSignal): Promise<boolean>
  presignPart(key: string, upload: string, part: PartOptions, expiresInSeconds: number): Promise<SignedRequest>
  /** Gives up all uploads of this key that are under way. */
  abortAll(key: string): Promise<void>
}

/** Where an upload was completed or given up meanwhile. */
const GONE = 404
const REFUSED = 400

export function openMultipart(send: SendExpecting, address: () => ObjectAddress): Multipart {
  const findUploads = async (key: string, signal?: AbortSignal) => {
    const query = { uploads: '', prefix: key }
    const { text } = await send({ method: 'GET', path: '', query, ...(signal && { signal }) }, 200)
    return blocksOf(text, 'Upload').flatMap((upload) =>
      textOf(upload, 'Key') === key ? [textOf(upload, 'UploadId')] : [],
    )
  }
  const findUpload: Multipart['findUpload'] = async (key, signal) => (await findUploads(key, signal)).at(-1)
  const headersOf = ({ bytes, sha256 }: PartOptions) => ({ 'content-length': String(bytes), ...checksumOf(sha256) })
  const queryOf = (upload: string, number: number) => ({ partNumber: String(number), uploadId: upload })
  return {
    findUpload,
    beginParts: async (key, type, signal) => {
      const found = await findUpload(key, signal)
      if (found !== undefined) return found
      const headers = { 'content-type': type, 'x-amz-checksum-algorithm': 'SHA256' }
      const query = { uploads: '' }
      // Once: an upload whose answer was lost is found by its key.
      const { text } = await send({ method: 'POST', path: `/${key}`, query, headers, ...(signal && { signal }) }, 200)
      return textOf(text, 'UploadId')
    },
    listParts: async (key, upload, signal) => {
      const parts: StoredPart[] = []
      for (let after = '0'; ; ) {
        const query = { uploadId: upload, 'part-number-marker': after }
        const request = { method: 'GET', path: `/${key}`, query, ...(signal && { signal }) } as const
        const { status, text } = await send(request, 200, GONE)
        if (status === GONE) return []
        parts.push(...blocksOf(text, 'Part').map(readPart))
        const last = parts.at(-1)
        if (textOf(text, 'IsTruncated') !== 'true' || !last || String(last.number) === after) return parts
        after = String(last.number)
      }
    },
    putPart: async (key, upload, part, body, signal) => {
      const query = queryOf(upload, part.number)
      await send(
        { method: 'PUT', path: `/${key}`, query, headers: headersOf(part), body, ...(signal && { signal }) },
        200,
      )
    },
    completeParts: async (key, upload, parts, signal) => {
      const body = `<CompleteMultipartUpload>${parts.map(writePart).join('')}</CompleteMultipartUpload>`
      const headers = { 'content-type': 'application/xml' }
      const request = {
        method: 'POST',
        path: `/${key}`,
        query: { uploadId: upload },
        headers,
        body,
        isLong: true,
      } as const
      const { status, text } = await send({ ...request, ...(signal && { signal }) }, 200, REFUSED, GONE)
      if (status === REFUSED) return false
      // S3 sends the 200 before it has begun.
      if (/<Error>/.test(text) && !/NoSuchUpload/.test(text))
        throw new Error(`the object store did not join the parts of ${key}: ${text.slice(0, 500)}`)
      return true
    },
    presignPart: (key, upload, part, expiresInSeconds) => {
      const query = queryOf(upload, part.number)
      const request = { method: 'PUT', path: `/${key}`, query, headers: headersOf(part) }
      return presign(address(), request, expiresInSeconds)
    },
    abortAll: async (key) => {
      for (const upload of await findUploads(key))
        await send({ method: 'DELETE', path: `/${key}`, query: { uploadId: upload } }, 204, 200, GONE)
    },
  }
}

const readPart = (text: string): StoredPart => ({
  number: Number(textOf(text, 'PartNumber')),
  bytes: Number(textOf(text, 'Size')),
  etag: textOf(text, 'ETag'),
  sha256: textOf(text, 'ChecksumSHA256') || undefined,
})

const writePart = ({ number, etag, sha256 }: StoredPart) =>
  `<Part><PartNumber>${number}</PartNumber><ETag>${escapeXml(etag)}</ETag>${
    sha256 === undefined ? '' : `<ChecksumSHA256>${sha256}</ChecksumSHA256>`
  }</Part>`

/**
 * What is between these tags: the store's lists are flat and of elements that do not contain themselves, and their values are
 * keys of ours, numbers and tokens.
 */
const blocksOf = (xml: string, tag: string): readonly string[] =>
  Array.from(xml.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs')), ([, block = '']) => block)

const textOf = (xml: string, tag: string): string =>
  (blocksOf(xml, tag)[0] ?? '').replaceAll('&quot;', '"').replaceAll('&#34;', '"').replaceAll('&amp;', '&')

const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
