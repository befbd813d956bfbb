import { randomUUID } from 'node:crypto'
import { Problem } from '../../contract/index.ts'
import type { BindContext } from '../../kernel/index.ts'
import { markHandled } from '../../kernel/promises.ts'
import type { Sql } from '../postgres/sql.ts'
import { toDisposition } from './disposition.ts'
import { countParts, finishUpload, sizeOfPart } from './finish-upload.ts'
import {
  announcedParts,
  announceParts,
  findObject,
  insertPending,
  lockObject,
  markDeleting,
  markReleased,
  markStored,
  type ObjectRow,
} from './object-rows.ts'
import type { Objects, OpenedObjects, StoredObject, StoreWith } from './objects-shape.ts'
import { checkExpiry, checkPart, checkUpload, partBytesOf, UPLOAD_SECONDS } from './upload-limits.ts'
import { copyObject, writeObject } from './write-object.ts'

const DOWNLOAD_SECONDS = 300
const MAX_PARTS_AT_A_TIME = 1_000

/** Objects for one request: what it asks of the store ends with it. */
export function bindObjects(opened: OpenedObjects, { signal }: BindContext): Objects {
  const { store } = opened

  async function complete({ sql, emit }: StoreWith, id: string): Promise<StoredObject> {
    const row = await lockObject(sql, id)
    if (!row || row.state === 'deleting') throw uploadNotFound()
    if (row.state === 'stored') return toStored(row)
    // A handler writes it at this moment, and makes it an object itself.
    if (row.bytes === null) throw uploadNotFound()
    if (row.isOver) throw new Problem('upload_expired', 410, 'The time for this upload is over; begin another one.')
    await finishUpload(store, row, { announced: () => announcedParts(sql, id), signal })
    return become({ sql, ...(emit && { emit }) }, row)
  }

  /** The row of an upload in parts that may go on. */
  async function uploadInParts(find: typeof findObject, sql: Sql, id: string) {
    const row = await find(sql, id)
    if (!row || row.state === 'deleting') throw uploadNotFound()
    if (row.state === 'stored') throw new Problem('upload_finished', 409, 'This upload is finished.')
    if (row.isOver) throw new Problem('upload_expired', 410, 'The time for this upload is over; begin another one.')
    const { partBytes, bytes } = row
    if (partBytes === null || bytes === null) throw new Problem('upload_whole', 409, 'This upload comes as a whole.')
    return { ...row, partBytes, bytes }
  }

  const methods: Objects = {
    presignUpload: async (sql, spec, { expiresInSeconds, held = false } = {}) => {
      checkUpload(spec)
      const { type, bytes, sha256 } = spec
      const partBytes = partBytesOf(bytes)
      const seconds = checkExpiry(expiresInSeconds ?? UPLOAD_SECONDS[partBytes === undefined ? 'whole' : 'parts'])
      const id = randomUUID()
      const row = {
        id,
        type,
        bytes,
        held,
        sha256: partBytes === undefined ? (sha256 ?? null) : null,
        partBytes: partBytes ?? null,
      }
      const expiresAt = await insertPending(sql, row, seconds)
      if (partBytes !== undefined)
        return { id, expiresAt, parts: { count: countParts(bytes, partBytes), bytes: partBytes } }
      const put = await store.presignPut(id, { type, bytes, sha256: sha256 ?? '', expiresInSeconds: seconds })
      return { id, expiresAt, put }
    },
    presignParts: async (sql, id, parts) => {
      if (parts.length > MAX_PARTS_AT_A_TIME) throw new TypeError(`at most ${MAX_PARTS_AT_A_TIME} parts at a time`)
      // Locked, so that there is one upload of this id in the store.
      const { bytes, partBytes, type, expiresAt } = await uploadInParts(lockObject, sql, id)
      for (const part of parts) checkPart(part, countParts(bytes, partBytes))
      const upload = await store.beginParts(id, type, signal)
      await announceParts(sql, id, parts)
      const seconds = Math.max(1, Math.floor((Date.parse(expiresAt) - Date.now()) / 1_000))
      const sign = async ({ number, sha256 }: (typeof parts)[number]) => {
        const part = { number, sha256, bytes: sizeOfPart(number, bytes, partBytes) }
        return { number, sha256, ...(await store.presignPart(id, upload, part, checkExpiry(seconds))) }
      }
      return Promise.all(parts.map(sign))
    },
    arrivedParts: async (sql, id) => {
      const { bytes, partBytes } = await uploadInParts(findObject, sql, id)
      const upload = await store.findUpload(id, signal)
      const parts = upload === undefined ? [] : await store.listParts(id, upload, signal)
      return parts
        .filter((part) => part.bytes === sizeOfPart(part.number, bytes, partBytes))
        .map(({ number }) => number)
    },
    complete,
    put: async (context, content, options) =>
      become(context, await writeObject(opened, content, { ...options, signal })),
    copy: async (context, id) => {
      const row = await findStored(context.sql, id)
      if (!row) throw new Problem('object_not_found', 404, 'There is no such object.')
      return become(context, await copyObject(opened, row, signal))
    },
    get: async (sql, id, { range, held = false } = {}) => {
      const row = await findStored(sql, id, held)
      const found = row && (await store.get(id, { range, signal }))
      return found && { ...toStored(row), body: found.body }
    },
    presignDownload: async (sql, id, { expiresInSeconds = DOWNLOAD_SECONDS, fileName, inline = false } = {}) => {
      const seconds = checkExpiry(expiresInSeconds)
      const row = await findStored(sql, id)
      if (!row) return undefined
      const disposition = toDisposition(inline ? 'inline' : 'attachment', fileName ?? id)
      const { url } = await store.presignGet(id, { expiresInSeconds: seconds, disposition })
      return { url, expiresAt: new Date(Date.now() + seconds * 1_000).toISOString() }
    },
    release: async (sql, id) => (await markReleased(sql, id)) !== undefined,
    delete: async (sql, id) => (await markDeleting(sql, id)) !== undefined,
  }
  // A handler may await what it gets late, or never.
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [name, (...args: never[]) => markHandled(method(...args))]),
    // The same methods, by the same names.
  ) as unknown as Objects
}

/** Makes a pending row that of an object, and tells of it, in the transaction of the handler. */
async function become(
  { sql, emit }: StoreWith,
  row: Pick<ObjectRow, 'id' | 'bytes' | 'sha256'>,
): Promise<StoredObject> {
  const stored = await markStored(sql, row)
  // A relay has removed it meanwhile.
  if (!stored) throw uploadNotFound()
  const object = toStored(stored)
  await emit?.('object.stored', object, { subject: object.id })
  return object
}

/** One that callers may have. */
async function findStored(sql: Sql, id: string, held = false): Promise<ObjectRow | undefined> {
  const row = await findObject(sql, id)
  return row?.state === 'stored' && (held || !row.held) ? row : undefined
}

const toStored = ({ id, type, bytes, sha256, storedAt }: ObjectRow): StoredObject => ({
  ...{ id, type, bytes: bytes ?? 0, sha256, storedAt: storedAt ?? '' },
})

const uploadNotFound = () => new Problem('upload_not_found', 404, 'There is no such upload.')
