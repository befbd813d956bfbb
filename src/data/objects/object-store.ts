import type { Readable } from 'node:stream'
import { type Multipart, openMultipart } from './multipart.ts'
import type { ObjectAddress } from './object-address.ts'
import { checksumOf, describe, openSender, type SendExpecting } from './send-request.ts'
import { presign, type SignedRequest } from './sign-request.ts'

/** What a store says of an object. */
export interface StoredHead {
  readonly bytes: number
  readonly type: string
  /** In hexadecimal; undefined where the store does not know it, or the object came in parts. */
  readonly sha256: string | undefined
}

/** An object as it is read. */
export interface StoredBody {
  readonly bytes: number
  readonly body: Readable
}

export interface PutOptions {
  readonly type: string
  readonly bytes: number
  /** In hexadecimal: the store refuses another content. */
  readonly sha256?: string
  readonly signal?: AbortSignal
}

/** A range of bytes, both ends included. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

interface PresignUpload {
  readonly type: string
  readonly bytes: number
  readonly sha256: string
  readonly expiresInSeconds: number
}

interface PresignDownload {
  readonly expiresInSeconds: number
  /** The header with which the store answers. */
  readonly disposition: string
}

/** An S3-compatible store. Every key is an object's id. */
export interface ObjectStore extends Multipart {
  /** Undefined where there is no such object. */
  head(key: string, signal?: AbortSignal): Promise<StoredHead | undefined>
  get(
    key: string,
    options?: { readonly range?: ByteRange | undefined; readonly signal?: AbortSignal },
  ): Promise<StoredBody | undefined>
  put(key: string, body: Uint8Array, options: PutOptions): Promise<void>
  /** Copies within the store: no byte of it comes here. */
  copy(from: string, to: string, signal?: AbortSignal): Promise<void>
  /** Removes an object, and whatever has come of an upload of it. */
  remove(key: string): Promise<void>
  presignPut(key: string, options: PresignUpload): Promise<SignedRequest>
  presignGet(key: string, options: PresignDownload): Promise<SignedRequest>
  /** Rejects where the bucket does not answer to our key. */
  check(): Promise<void>
  close(): Promise<void>
}

/** Opens an S3-compatible store, whose address may change while it is used. */
export function openObjectStore(address: () => ObjectAddress): ObjectStore {
  const sender = openSender(address)
  const send: SendExpecting = async (request, ...expected) => {
    const response = await sender.send(request)
    if (!expected.includes(response.status)) throw new Error(describe(request, response))
    return response
  }
  const multipart = openMultipart(send, address)
  return {
    ...multipart,
    head: async (key, signal) => {
      const headers = { 'x-amz-checksum-mode': 'ENABLED' }
      const found = await send({ method: 'HEAD', path: `/${key}`, headers, ...(signal && { signal }) }, 200, 404)
      if (found.status === 404) return undefined
      const { 'content-length': bytes, 'content-type': type = '', 'x-amz-checksum-sha256': sha256 } = found.headers
      return { bytes: Number(bytes), type, sha256: sha256 === undefined ? undefined : toHex(sha256) }
    },
    get: async (key, { range, signal } = {}) => {
      const headers = range ? { range: `bytes=${range.from}-${range.to}` } : {}
      const request = { method: 'GET', path: `/${key}`, headers, ...(signal && { signal }) } as const
      const { status, headers: received, body } = await sender.stream(request)
      if (status === 200 || status === 206) return { bytes: Number(received['content-length']), body }
      // Its connection is free again.
      for await (const _ of body);
      if (status === 404) return undefined
      throw new Error(describe(request, { status, text: '' }))
    },
    put: async (key, body, { type, bytes, sha256, signal }) => {
      const headers = { 'content-type': type, 'content-length': String(bytes), ...checksumOf(sha256) }
      await send({ method: 'PUT', path: `/${key}`, headers, body, ...(signal && { signal }) }, 200)
    },
    copy: async (from, to, signal) => {
      const { pathname } = new URL(address().url)
      const headers = { 'x-amz-copy-source': `${pathname}/${from}` }
      const { text } = await send(
        { method: 'PUT', path: `/${to}`, headers, body: '', isLong: true, ...(signal && { signal }) },
        200,
      )
      // S3 sends the 200 before it has begun.
      if (/<Error>/.test(text)) throw new Error(`the object store did not copy ${from}: ${text.slice(0, 500)}`)
    },
    remove: async (key) => {
      await multipart.abortAll(key)
      await send({ method: 'DELETE', path: `/${key}` }, 204, 200, 404)
    },
    presignPut: (key, { type, bytes, sha256, expiresInSeconds }) => {
      const headers = { 'content-type': type, 'content-length': String(bytes), ...checksumOf(sha256) }
      return presign(address(), { method: 'PUT', path: `/${key}`, headers }, expiresInSeconds)
    },
    presignGet: (key, { expiresInSeconds, disposition }) => {
      const query = { 'response-content-disposition': disposition }
      return presign(address(), { method: 'GET', path: `/${key}`, query }, expiresInSeconds)
    },
    check: async () => {
      await send({ method: 'HEAD', path: '' }, 200)
    },
    close: sender.close,
  }
}

/** Undefined for the checksum of checksums that an object in parts has. */
const toHex = (base64: string): string | undefined => {
  const hex = Buffer.from(base64, 'base64').toString('hex')
  return hex.length === 64 && !base64.includes('-') ? hex : undefined
}
