import type { Readable } from 'node:stream'
import type pg from 'pg'
import type { DatabaseAddress } from '../postgres/database-address.ts'
import type { Sql } from '../postgres/sql.ts'
import type { ByteRange, ObjectStore } from './object-store.ts'
import type { SignedRequest } from './sign-request.ts'

/**
 * An object that is in the store, and its row committed: what `object.stored` says of it.
 * @example const isImage = ({ type }: StoredObject) => type.startsWith('image/')
 */
export interface StoredObject {
  /** What it is asked for by. */
  readonly id: string
  /** Its media type, as it was announced and uploaded. */
  readonly type: string
  /** Its size. */
  readonly bytes: number
  /** Of its content, in hexadecimal; null for one that was uploaded in parts, of which each was compared. */
  readonly sha256: string | null
  /** RFC 3339. */
  readonly storedAt: string
}

/**
 * What an upload will have: the store refuses what differs.
 * @example const photo: UploadSpec = { type: 'image/jpeg', bytes: 48_213, sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' }
 */
export interface UploadSpec {
  /** Its media type, such as `image/png`. */
  readonly type: string
  /** Its size, at most 5 TiB. Above 64 MiB it is uploaded in parts. */
  readonly bytes: number
  /** Of its content, in hexadecimal. Needed where it is not uploaded in parts, which have one each. */
  readonly sha256?: string | undefined
}

/**
 * How an upload begins.
 * @example const options: UploadOptions = { expiresInSeconds: 600, held: true }
 */
export interface UploadOptions {
  /** Until when it has to be finished; what is not is removed. Default: an hour, for parts a day; at most seven days. */
  readonly expiresInSeconds?: number
  /** Nobody gets the object before `release`: what looks for viruses releases it, or deletes it. Default: false. */
  readonly held?: boolean
}

/**
 * An upload that may begin once the transaction is committed.
 * @example const first = ({ put }: Upload) => put?.url
 */
export interface Upload {
  /** Of the object. */
  readonly id: string
  /** RFC 3339; by then it has to be finished. */
  readonly expiresAt: string
  /** The one request that uploads it; undefined where it comes in parts. */
  readonly put?: SignedRequest
  /** Of how many parts it consists, and the size of each but the last; undefined where it comes as a whole. */
  readonly parts?: { readonly count: number; readonly bytes: number }
}

/**
 * A part of an upload that comes in parts.
 * @example const part: PartSpec = { number: 1, sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' }
 */
export interface PartSpec {
  /** From 1 on. */
  readonly number: number
  /** Of its content, in hexadecimal. */
  readonly sha256: string
}

/**
 * What of the handler's context an object is stored with: its transaction, and `emit` where the contract has
 * `emits: { 'object.stored': … }`.
 * @example const complete = (objects: Objects, context: StoreWith, id: string) => objects.complete(context, id)
 */
export interface StoreWith {
  /** The transaction in which the object becomes one that is there. */
  readonly sql: Sql
  /** Tells subscribers in the same transaction. */
  emit?(type: 'object.stored', data: StoredObject, options?: { readonly subject?: string }): Promise<void>
}

/**
 * What is written by `put`.
 * @example const options: ObjectPutOptions = { type: 'image/webp', maxBytes: 1_000_000 }
 */
export interface ObjectPutOptions {
  /** Its media type. */
  readonly type: string
  /** What a stream may have at most: beyond it, a 413. Default: 5 GiB. */
  readonly maxBytes?: number
  /** As for uploads. */
  readonly held?: boolean
}

/**
 * An object with its content.
 * @example const text = async ({ body }: ObjectContent) => Buffer.concat(await body.toArray()).toString()
 */
export interface ObjectContent extends StoredObject {
  /** To be read to its end, or destroyed; with a range, only that. */
  readonly body: Readable
}

/**
 * How a URL for a download is made.
 * @example const options: DownloadOptions = { fileName: 'invoice 7.pdf' }
 */
export interface DownloadOptions {
  /** How long it is good. Default: five minutes; at most seven days. */
  readonly expiresInSeconds?: number
  /** The name under which browsers save it. Default: its id. */
  readonly fileName?: string
  /** Shown by the browser in place of saved: only what cannot run there, such as images. Default: false. */
  readonly inline?: boolean
}

/**
 * Files and other large things in an S3-compatible store. A row says of each what it is, written before anything is stored: so what
 * a crash leaves behind is known, and removed. Everything else of yours refers to an object by its id, in the same transaction.
 * @example
 * const begin = async (objects: Objects, sql: Sql, sha256: string) => {
 *   const { id, put } = await objects.presignUpload(sql, { type: 'image/png', bytes: 1_234, sha256 })
 *   await sql`insert into photos (object_id) values (${id})`
 *   return put
 * }
 */
export interface Objects {
  /** Begins an upload by somebody else, straight to the store: what is sent there is exactly what was announced, or refused. */
  presignUpload(sql: Sql, spec: UploadSpec, options?: UploadOptions): Promise<Upload>
  /** The requests that upload these parts, at most 1,000 at a time; any of them may be sent again. Throws 404, 409 or 410. */
  presignParts(sql: Sql, id: string, parts: readonly PartSpec[]): Promise<readonly (PartSpec & SignedRequest)[]>
  /** The numbers of the parts that have arrived, for who goes on after a fault. Throws 404, 409 or 410. */
  arrivedParts(sql: Sql, id: string): Promise<readonly number[]>
  /**
   * Ends an upload: looks at what is in the store, and makes it an object, in the transaction. A second time nothing changes, and the
   * object is returned. Throws a Problem: `upload_not_found` (404), `upload_incomplete` (409), `upload_expired` (410), `upload_mismatch` (422).
   */
  complete(context: StoreWith, id: string): Promise<StoredObject>
  /** Stores what the handler has, or a stream, no faster than that is read. What the request does not commit is removed within the hour. */
  put(context: StoreWith, content: Uint8Array | Readable, options: ObjectPutOptions): Promise<StoredObject>
  /** Copies an object within the store, of at most 5 GiB. Throws 404. */
  copy(context: StoreWith, id: string): Promise<StoredObject>
  /** An object with its content, or a part of that; undefined where there is none. `held` reads one that is not released, too. */
  get(
    sql: Sql,
    id: string,
    options?: { readonly range?: ByteRange; readonly held?: boolean },
  ): Promise<ObjectContent | undefined>
  /** A URL by which anybody who has it gets the object from the store; undefined where there is none. */
  presignDownload(
    sql: Sql,
    id: string,
    options?: DownloadOptions,
  ): Promise<{ readonly url: string; readonly expiresAt: string } | undefined>
  /** Lets an object that was held be read. Says whether there is one. */
  release(sql: Sql, id: string): Promise<boolean>
  /** Has an object or an upload removed, once the transaction is committed. Says whether there was one. */
  delete(sql: Sql, id: string): Promise<boolean>
}

/** What `objects` opens once a process. */
export interface OpenedObjects {
  readonly store: ObjectStore
  /** Of one connection, for the rows that are committed before a handler's own transaction is. */
  readonly pool: pg.Pool
  readonly address: Pick<DatabaseAddress, 'close'>
}
