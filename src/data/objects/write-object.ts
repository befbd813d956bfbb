import { createHash, randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { Problem } from '../../contract/index.ts'
import { queryWithTimeout } from '../postgres/with-connection.ts'
import type { ObjectRow } from './object-rows.ts'
import type { ObjectPutOptions, OpenedObjects } from './objects-shape.ts'
import { checkType } from './upload-limits.ts'

/** What is written of a stream at a time; S3 takes no smaller parts but the last. */
const PART_BYTES = 8 * 1_048_576
const MAX_STREAM_BYTES = 5 * 1_024 * 1_048_576
/** How long what was written may wait for the commit of the handler's transaction: as long as the longest request. */
const COMMIT_SECONDS = 3_600
const STATEMENT_MS = 2_000

/** An object that is in the store, and whose row is still pending. */
type Written = Pick<ObjectRow, 'id' | 'bytes' | 'sha256'>

/**
 * Writes an object. Its row is committed before, on a connection of its own: what the handler's transaction then does not take, since it
 * fails or its process ends, is removed when its time is over.
 */
export async function writeObject(
  opened: OpenedObjects,
  content: Uint8Array | Readable,
  { type, maxBytes = MAX_STREAM_BYTES, held = false, signal }: ObjectPutOptions & { readonly signal: AbortSignal },
): Promise<Written> {
  checkType(type)
  const { store } = opened
  const id = await announce(opened, { type, held })
  if (content instanceof Uint8Array) {
    if (content.byteLength > maxBytes) throw tooLarge(maxBytes)
    const sha256 = hashOf(content)
    await store.put(id, content, { type, sha256, bytes: content.byteLength, signal })
    return { id, sha256, bytes: content.byteLength }
  }
  const hash = createHash('sha256')
  let bytes = 0
  let upload: string | undefined
  const sums: string[] = []
  for await (const { part, isLast } of partsOf(content)) {
    bytes += part.byteLength
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    hash.update(part)
    const sha256 = hashOf(part)
    if (isLast && upload === undefined) {
      await store.put(id, part, { type, sha256, bytes, signal })
      return { id, sha256, bytes }
    }
    upload ??= await store.beginParts(id, type, signal)
    sums.push(sha256)
    await store.putPart(id, upload, { number: sums.length, sha256, bytes: part.byteLength }, part, signal)
  }
  if (upload === undefined) throw new Error('a stream had no last part')
  const arrived = await store.listParts(id, upload, signal)
  const parts = arrived.map((part) => ({ ...part, sha256: toBase64(sums[part.number - 1]) }))
  const isWhole = parts.length === sums.length && (await store.completeParts(id, upload, parts, signal))
  if (!isWhole) throw new Error(`the object store has other parts of ${id} than it has taken`)
  return { id, sha256: hash.digest('hex'), bytes }
}

/** Copies an object within the store, to one whose row is pending. */
export async function copyObject(
  opened: OpenedObjects,
  { id: from, type, bytes, sha256 }: ObjectRow,
  signal: AbortSignal,
): Promise<Written> {
  const id = await announce(opened, { type, held: false })
  await opened.store.copy(from, id, signal)
  return { id, bytes, sha256 }
}

async function announce({ pool }: OpenedObjects, { type, held }: { readonly type: string; readonly held: boolean }) {
  const id = randomUUID()
  await queryWithTimeout(pool, STATEMENT_MS, (client) =>
    client.query(
      `insert into ebb.object (id, type, held, expires_at) values ($1, $2, $3, now() + $4 * interval '1 second')`,
      [id, type, held, COMMIT_SECONDS],
    ),
  )
  return id
}

/** The stream in parts of PART_BYTES, of which one is in memory; the last one has the rest, maybe nothing where it is the only one. */
async function* partsOf(stream: Readable) {
  let chunks: Uint8Array[] = []
  let bytes = 0
  const take = (isLast: boolean) => {
    const part = Buffer.concat(chunks)
    chunks = []
    bytes = 0
    return { part, isLast }
  }
  for await (const chunk of stream) {
    for (let rest: Uint8Array = chunk; rest.byteLength > 0; ) {
      // Only where more has come is a full part not the last one.
      if (bytes === PART_BYTES) yield take(false)
      const taken = rest.subarray(0, PART_BYTES - bytes)
      chunks.push(taken)
      bytes += taken.byteLength
      rest = rest.subarray(taken.byteLength)
    }
  }
  yield take(true)
}

const toBase64 = (hex = '') => Buffer.from(hex, 'hex').toString('base64')

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const tooLarge = (maxBytes: number) =>
  new Problem('payload_too_large', 413, `The object may have at most ${maxBytes} bytes.`)
