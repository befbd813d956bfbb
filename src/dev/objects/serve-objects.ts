import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { openObjectFiles } from './object-files.ts'
import { createPartOperations } from './part-operations.ts'
import { openPartUploads } from './part-uploads.ts'
import { answerXml, type StoreAnswer, StoreError } from './store-answer.ts'
import { type StoreKey, verifySignature } from './verify-signature.ts'

/** What a request is about. */
export interface StoreCall {
  readonly key: string
  readonly query: URLSearchParams
  readonly request: IncomingMessage
}

/** Nothing that leaves the folder. */
const KEY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const RANGE = /^bytes=(\d*)-(\d*)$/

/**
 * The part of S3 that `objects` speaks, on a folder: for the laptop and for tests. Requests are signed as in S3, in their headers or their
 * URLs; pages of any origin may send them, since the signature is what lets them.
 */
export async function serveObjects(folder: string, bucket: string, key: StoreKey): Promise<RequestListener> {
  const uploads = openPartUploads(folder)
  const files = await openObjectFiles(folder, uploads.isKept)
  const parts = createPartOperations(files, uploads)

  async function put({ key, request }: StoreCall): Promise<StoreAnswer> {
    const source = request.headers['x-amz-copy-source']
    if (typeof source === 'string') {
      request.resume()
      if (!(await files.copy(source.split('/').at(-1) ?? '', key))) throw new StoreError(404, 'NoSuchKey')
      return answerXml('<CopyObjectResult/>')
    }
    const received = await files.receive(request)
    if (!fits(request, received.sha256)) {
      await files.discard(received)
      throw new StoreError(400, 'BadDigest')
    }
    await files.place(key, received, request.headers['content-type'] ?? 'application/octet-stream')
    return { status: 200, headers: { etag: `"${received.sha256}"` } }
  }

  async function get({ key, query, request }: StoreCall): Promise<StoreAnswer> {
    const info = await files.find(key)
    if (!info) throw new StoreError(404, 'NoSuchKey')
    const range = readRange(request.headers.range, info.bytes)
    if (range === null) throw new StoreError(416, 'InvalidRange')
    const { start, end } = range ?? { start: 0, end: info.bytes - 1 }
    const headers = {
      ...{ 'content-type': info.type, 'content-length': String(end - start + 1), 'accept-ranges': 'bytes' },
      ...{ etag: `"${info.file}"`, 'last-modified': new Date(info.modifiedAt).toUTCString() },
      ...(info.sha256 && !range ? { 'x-amz-checksum-sha256': info.sha256 } : {}),
      ...(range ? { 'content-range': `bytes ${start}-${end}/${info.bytes}` } : {}),
      ...(query.has('response-content-disposition')
        ? { 'content-disposition': query.get('response-content-disposition') ?? '' }
        : {}),
    }
    const body = request.method === 'HEAD' || info.bytes === 0 ? undefined : files.read(info, { start, end })
    return { status: range ? 206 : 200, headers, ...(body && { body }) }
  }

  async function answer(request: IncomingMessage): Promise<StoreAnswer> {
    if (request.method === 'OPTIONS') return { status: 204 }
    const refused = await verifySignature(request, key)
    if (refused) throw new StoreError(403, refused)
    const url = new URL(request.url ?? '/', 'http://localhost')
    const [, inBucket, name = '', ...more] = url.pathname.split('/')
    if (inBucket !== bucket || more.length > 0) throw new StoreError(404, 'NoSuchBucket')
    const call = { key: name, query: url.searchParams, request }
    if (name === '') return request.method === 'HEAD' ? { status: 200 } : parts.listUploads(call)
    if (!KEY.test(name)) throw new StoreError(400, 'InvalidArgument')
    const ofParts = await parts.answer(call)
    if (ofParts) return ofParts
    if (request.method === 'PUT') return put(call)
    if (request.method === 'GET' || request.method === 'HEAD') return get(call)
    if (request.method !== 'DELETE') throw new StoreError(405, 'MethodNotAllowed')
    await files.remove(name)
    return { status: 204 }
  }

  return (request, response) => void respond(request, response, answer)
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (request: IncomingMessage) => Promise<StoreAnswer>,
) {
  for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value)
  try {
    const { status, headers = {}, body } = await answer(request)
    response.writeHead(status, headers)
    if (body === undefined || typeof body === 'string') return void response.end(body)
    await pipeline(body, response)
  } catch (error) {
    if (response.headersSent || response.destroyed) return void response.destroy()
    const { status, code } = error instanceof StoreError ? error : new StoreError(500, 'InternalError')
    response.writeHead(status, { 'content-type': 'application/xml' })
    response.end(request.method === 'HEAD' ? undefined : `<Error><Code>${code}</Code></Error>`)
  }
}

/** Pages that run anywhere may send what they have a signed URL for. */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, PUT',
  'access-control-allow-headers': '*',
  'access-control-expose-headers': 'etag, content-range',
}

/** Whether what came has the checksum that was announced. */
const fits = ({ headers }: IncomingMessage, sha256: string): boolean =>
  [undefined, sha256].includes(headers['x-amz-checksum-sha256']?.toString())

/** Null for one that cannot be satisfied. */
function readRange(header: string | undefined, bytes: number) {
  const [, from = '', to = ''] = RANGE.exec(header ?? '') ?? []
  if (from === '' && to === '') return undefined
  const start = from === '' ? Math.max(0, bytes - Number(to)) : Number(from)
  const end = from === '' || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1)
  return start > end ? null : { start, end }
}
