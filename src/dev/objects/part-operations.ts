import type { IncomingMessage } from 'node:http'
import { readAtMost } from '../../protocol/read-at-most.ts'
import type { ObjectFiles } from './object-files.ts'
import type { PartUpload, PartUploads } from './part-uploads.ts'
import { answerXml, type StoreAnswer, StoreError } from './store-answer.ts'

interface PartCall {
  readonly key: string
  readonly query: URLSearchParams
  readonly request: IncomingMessage
}

interface PartOperations {
  /** Undefined for a request that is about an object as a whole. */
  answer(call: PartCall): Promise<StoreAnswer | undefined>
  listUploads(call: PartCall): StoreAnswer
}

const MAX_PARTS_A_PAGE = 1_000
const MAX_LIST_BYTES = 4 * 1_048_576

/** The requests about uploads in parts. */
export function createPartOperations(files: ObjectFiles, uploads: PartUploads): PartOperations {
  async function put(upload: PartUpload, { query, request }: PartCall): Promise<StoreAnswer> {
    const received = await files.receive(request)
    const expected = request.headers['x-amz-checksum-sha256']
    if (expected !== undefined && expected !== received.sha256) {
      await files.discard(received)
      throw new StoreError(400, 'BadDigest')
    }
    const before = await uploads.put(upload, Number(query.get('partNumber')), received)
    if (before) await files.discard(before)
    return { status: 200, headers: { etag: `"${received.file}"` } }
  }

  function list({ key, id, parts }: PartUpload, { query }: PartCall): StoreAnswer {
    const after = Number(query.get('part-number-marker') ?? 0)
    const all = Object.entries(parts).filter(([number]) => Number(number) > after)
    const shown = all
      .slice(0, MAX_PARTS_A_PAGE)
      .map(
        ([number, { bytes, file, sha256 }]) =>
          `<Part><PartNumber>${number}</PartNumber><ETag>&quot;${file}&quot;</ETag><Size>${bytes}</Size>` +
          `<ChecksumSHA256>${sha256}</ChecksumSHA256></Part>`,
      )
    const head = `<Key>${key}</Key><UploadId>${id}</UploadId><IsTruncated>${all.length > shown.length}</IsTruncated>`
    return answerXml(`<ListPartsResult>${head}${shown.join('')}</ListPartsResult>`)
  }

  async function complete(upload: PartUpload, { key, request }: PartCall): Promise<StoreAnswer> {
    const { bytes } = await readAtMost(request, MAX_LIST_BYTES)
    const named = [
      ...Buffer.from(bytes)
        .toString()
        .matchAll(/<PartNumber>(\d+)<\/PartNumber>/g),
    ].map(([, number = '']) => upload.parts[number])
    const parts = named.flatMap((part) => part ?? [])
    if (parts.length === 0 || parts.length < named.length) throw new StoreError(400, 'InvalidPart')
    const file = await files.join(parts.map((part) => part.file))
    const total = parts.reduce((sum, part) => sum + part.bytes, 0)
    await files.place(key, { file, bytes: total }, upload.type)
    await end(upload)
    return answerXml('<CompleteMultipartUploadResult/>')
  }

  async function end(upload: PartUpload) {
    await uploads.end(upload)
    for (const part of Object.values(upload.parts)) await files.discard(part)
  }

  return {
    answer: async (call) => {
      const { key, query, request } = call
      if (query.has('uploads') && request.method === 'POST') {
        const { id } = await uploads.begin(key, request.headers['content-type'] ?? 'application/octet-stream')
        return answerXml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`)
      }
      const id = query.get('uploadId')
      if (id === null) return undefined
      const upload = uploads.find(key, id)
      if (!upload) throw new StoreError(404, 'NoSuchUpload')
      if (request.method === 'PUT') return put(upload, call)
      if (request.method === 'GET') return list(upload, call)
      if (request.method === 'POST') return complete(upload, call)
      if (request.method !== 'DELETE') throw new StoreError(405, 'MethodNotAllowed')
      await end(upload)
      return { status: 204 }
    },
    listUploads: ({ query }) => {
      const found = uploads
        .list(query.get('prefix') ?? '')
        .map(({ key, id }) => `<Upload><Key>${key}</Key><UploadId>${id}</UploadId></Upload>`)
      return answerXml(`<ListMultipartUploadsResult>${found.join('')}</ListMultipartUploadsResult>`)
    },
  }
}
