import { createHash } from 'node:crypto'
import { Problem } from '../../contract/index.ts'
import type { ObjectRow } from './object-rows.ts'
import type { ObjectStore } from './object-store.ts'

/**
 * Joins the parts of an upload that came in parts, and compares what is in the store with what was announced. Throws a Problem that
 * says what is missing or wrong; a store that keeps no checksums is asked for the object itself.
 */
export async function finishUpload(
  store: ObjectStore,
  row: Pick<ObjectRow, 'id' | 'type' | 'bytes' | 'sha256' | 'partBytes'>,
  { announced, signal }: FinishOptions,
): Promise<void> {
  const head = (await store.head(row.id, signal)) ?? (await joinParts(store, row, { announced, signal }))
  if (!head) throw incomplete('Nothing of it has arrived; send it to its URL first.')
  if (head.bytes !== row.bytes) throw mismatch(`It has ${head.bytes} bytes, and ${row.bytes} were announced.`)
  if (mediaTypeOf(head.type) !== mediaTypeOf(row.type))
    throw mismatch(`It is of type ${head.type}, and ${row.type} was announced.`)
  if (row.sha256 === null) return
  const sha256 = head.sha256 ?? (await hashObject(store, row.id, signal))
  if (sha256 !== row.sha256) throw mismatch('Its SHA-256 is not the one that was announced.')
}

interface FinishOptions {
  /** What its parts are to have, in hexadecimal, by their numbers. */
  announced(): Promise<ReadonlyMap<number, string>>
  readonly signal: AbortSignal
}

async function joinParts(
  store: ObjectStore,
  { id, bytes, partBytes }: Pick<ObjectRow, 'id' | 'bytes' | 'partBytes'>,
  { announced, signal }: FinishOptions,
) {
  if (partBytes === null || bytes === null) return undefined
  const upload = await store.findUpload(id, signal)
  if (upload === undefined) return undefined
  const parts = await store.listParts(id, upload, signal)
  const count = countParts(bytes, partBytes)
  const arrived = new Map(parts.map((part) => [part.number, part.bytes]))
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter(
    (number) => arrived.get(number) !== sizeOfPart(number, bytes, partBytes),
  )
  if (missing.length > 0)
    throw incomplete(`${missing.length} of its ${count} parts are missing, the first is ${missing[0]}.`)
  const sums = await announced()
  const toBase64 = (hex: string | undefined) => hex && Buffer.from(hex, 'hex').toString('base64')
  const known = parts.map((part) => ({ ...part, sha256: part.sha256 ?? toBase64(sums.get(part.number)) }))
  if (!(await store.completeParts(id, upload, known, signal)))
    throw mismatch('Its parts are not those that were announced.')
  return store.head(id, signal)
}

export const countParts = (bytes: number, partBytes: number): number => Math.max(1, Math.ceil(bytes / partBytes))

/** All have `partBytes` but the last one, which has the rest. */
export const sizeOfPart = (number: number, bytes: number, partBytes: number): number =>
  number < countParts(bytes, partBytes) ? partBytes : bytes - (countParts(bytes, partBytes) - 1) * partBytes

async function hashObject(store: ObjectStore, id: string, signal: AbortSignal): Promise<string | undefined> {
  const found = await store.get(id, { signal })
  if (!found) return undefined
  const hash = createHash('sha256')
  for await (const chunk of found.body) hash.update(chunk)
  return hash.digest('hex')
}

const incomplete = (message: string) => new Problem('upload_incomplete', 409, message)
const mismatch = (message: string) => new Problem('upload_mismatch', 422, message)

const mediaTypeOf = (type: string) => type.toLowerCase().replaceAll(/\s+/g, '')
