import { createHash } from 'node:crypto'
import type { ChangeOperation, ChangeSelection, Subscription } from '../../../src/contract/index.ts'
import type { ChangeRow } from '../../../src/data/queue/change-slot.ts'
import type { TypeCatalog } from '../../../src/data/values/type-catalog.ts'
import { ValueError } from '../../../src/data/values/value-type.ts'
import type { RowChange, SentValue } from './parse-pgoutput.ts'

/** A table whose changes come, as they are to be read. */
export interface ReadTable {
  readonly table: string
  /** Of all columns, in their order, as a row has them. */
  readonly names: readonly string[]
  readonly typeIds: readonly number[]
  /** The places of the primary key's columns, in its order. */
  readonly key: readonly number[]
}

/** Where a change comes from. */
export interface ChangeOrigin {
  /** Of this life of the slot. */
  readonly epoch: string
  readonly commitLsn: string
  /** The change's number in its transaction. */
  readonly index: number
  readonly committedAt: string
  readonly traceparent: string
  readonly correlationId: string
  /** How many events led to the transaction. */
  readonly hops: number
}

/** Above this an event is refused where a handler emits it, too. */
export const MAX_DATA_BYTES = 16 * 1024 * 1024

/** The selections of a table that somebody takes. */
export const selectionsOf = (subscriptions: readonly Subscription[], table: string): readonly ChangeSelection[] =>
  subscriptions.flatMap(({ change }) => (change?.table === table ? [change] : []))

/** Whether a subscriber takes such a change. */
export const takesChange = (
  { operations, columns }: Pick<ChangeSelection, 'operations' | 'columns'>,
  { operation, changed }: { readonly operation: ChangeOperation; readonly changed: readonly string[] },
): boolean =>
  operations.includes(operation) && (operation !== 'update' || columns.some((column) => changed.includes(column)))

/**
 * The event of a row's change: with all columns that somebody takes, and undefined where nobody takes it. What cannot be read as a value, and
 * what is too large, is an event whose data say why: its subscribers' schemas refuse it, and it is a dead letter, not lost.
 */
export function toEvent(
  { kind: operation, before, after, bytes }: RowChange,
  read: ReadTable,
  {
    catalog,
    subscriptions,
    origin,
  }: {
    readonly catalog: Pick<TypeCatalog, 'get'>
    readonly subscriptions: readonly Subscription[]
    readonly origin: ChangeOrigin
  },
): ChangeRow | undefined {
  const selections = selectionsOf(subscriptions, read.table)
  const changed = operation === 'update' ? changedColumns(read, before, after) : []
  if (!selections.some((one) => takesChange(one, { operation, changed }))) return undefined
  const wanted = new Set(selections.flatMap(({ row }) => row))
  // A large value that has not changed is not sent with the new row.
  const whole = after?.map((value, i) => (value === undefined ? before?.[i] : value))
  const subject = subjectOf(read, whole ?? before ?? [])
  const place = placeOf(origin)
  const rowOf = (values: readonly SentValue[]) =>
    Object.fromEntries(
      read.names.flatMap((name, i) =>
        wanted.has(name) ? [[name, readValue(values[i], read.typeIds[i] ?? 0, catalog)]] : [],
      ),
    )
  const dataOf = () => ({
    operation,
    ...(operation === 'update' ? { changed: changed.filter((name) => wanted.has(name)) } : {}),
    ...(before && operation !== 'insert' ? { before: rowOf(before) } : {}),
    ...(whole && operation !== 'delete' ? { after: rowOf(whole) } : {}),
    ...place,
  })
  return rowFor(read.table, origin, { subject, payload: readable({ operation, ...place }, bytes, dataOf) })
}

/** The event of a table that was emptied. */
export function toTruncateEvent(
  { table }: ReadTable,
  { subscriptions, origin }: { readonly subscriptions: readonly Subscription[]; readonly origin: ChangeOrigin },
): ChangeRow | undefined {
  const operation = 'truncate'
  const isTaken = selectionsOf(subscriptions, table).some((one) => takesChange(one, { operation, changed: [] }))
  return isTaken ? rowFor(table, origin, { subject: undefined, payload: { operation, ...placeOf(origin) } }) : undefined
}

function readable(head: object, bytes: number, dataOf: () => object): object {
  try {
    const data = dataOf()
    // Escapes make texts longer, at most six times.
    if (bytes * 6 < MAX_DATA_BYTES || Buffer.byteLength(JSON.stringify(data)) <= MAX_DATA_BYTES) return data
    return { ...head, unreadable: `its data would have more than ${MAX_DATA_BYTES} bytes` }
  } catch (error) {
    if (!(error instanceof ValueError)) throw error
    return { ...head, unreadable: error.message }
  }
}

function readValue(value: SentValue, typeId: number, catalog: Pick<TypeCatalog, 'get'>): unknown {
  if (value === null || value === undefined) return value
  return catalog.get(typeId).read(value)
}

function changedColumns(
  { names }: ReadTable,
  before: readonly SentValue[] | undefined,
  after: readonly SentValue[] | undefined,
): readonly string[] {
  return names.filter((_, i) => after?.[i] !== undefined && after[i] !== before?.[i])
}

/** A key of one column as Postgres writes it; of several, each percent-encoded. */
function subjectOf({ key }: ReadTable, values: readonly SentValue[]): string {
  const texts = key.map((i) => values[i] ?? '')
  const text = texts.length === 1 ? texts.join() : texts.map((text) => encodeURIComponent(text)).join(',')
  return text.length <= MAX_SUBJECT_LENGTH ? text : `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/** As of a partition that a handler emits to. */
const MAX_SUBJECT_LENGTH = 200

const placeOf = ({ commitLsn, index, committedAt }: ChangeOrigin) => ({
  position: `${commitLsn}/${index}`,
  committedAt,
})

function rowFor(
  table: string,
  origin: ChangeOrigin,
  { subject, payload }: Pick<ChangeRow, 'subject' | 'payload'>,
): ChangeRow {
  return {
    id: idOf(origin),
    ...{ type: `ebb.change.${table}`, source: `/changes/${table}`, subject, payload },
    ...{ traceparent: origin.traceparent, correlation_id: origin.correlationId, caller_id: 'relay', hops: origin.hops },
  }
}

/** The same whenever the same change is read: an event that came into the outbox twice would still be taken once (RFC 9562, version 8). */
function idOf({ epoch, commitLsn, index }: ChangeOrigin): string {
  const hex = createHash('sha256').update(`${epoch} ${commitLsn} ${index}`).digest('hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
