/** A value of a row as pgoutput sends it: its text, null for NULL, undefined for a large one that has not changed and is not sent. */
export type SentValue = string | null | undefined

/** A table as pgoutput describes it before the first change of it, and again after it was altered. */
export interface Relation {
  readonly kind: 'relation'
  readonly id: number
  /** With its schema, where that is not public. */
  readonly table: string
  readonly columns: readonly { readonly name: string; readonly dataTypeID: number }[]
}

/** What happened to one row. */
export interface RowChange {
  readonly kind: 'insert' | 'update' | 'delete'
  readonly relationId: number
  readonly before: readonly SentValue[] | undefined
  readonly after: readonly SentValue[] | undefined
  readonly bytes: number
}

/** Tables were emptied. */
export interface Truncation {
  readonly kind: 'truncate'
  readonly relationIds: readonly number[]
}

/** What somebody has written into the log by pg_logical_emit_message. */
export interface LogNote {
  readonly kind: 'message'
  readonly prefix: string
  readonly content: string
}

/** A message of pgoutput, as far as it says something of changes. */
export type LogMessage =
  | { readonly kind: 'begin'; readonly commitLsn: bigint; readonly committedAt: string }
  | { readonly kind: 'commit'; readonly endLsn: bigint }
  | Relation
  | RowChange
  | Truncation
  | LogNote
  | { readonly kind: 'other' }

/** Microseconds from 1970 to 2000, which Postgres counts from. */
const POSTGRES_EPOCH_US = 946_684_800_000_000n
const SECOND_US = 1_000_000n

/**
 * Parses a message of pgoutput in its first version, whose values are text. The strings that it returns are copies: pg uses the buffer again.
 * @see https://www.postgresql.org/docs/18/protocol-logicalrep-message-formats.html
 */
export function parsePgoutput(buffer: Buffer): LogMessage {
  const reader = createReader(buffer)
  switch (String.fromCharCode(reader.int8())) {
    case 'B':
      return { kind: 'begin', commitLsn: reader.uint64(), committedAt: timeOf(reader.int64()) }
    case 'C':
      reader.skip(1 + 8)
      return { kind: 'commit', endLsn: reader.uint64() }
    case 'R':
      return readRelation(reader)
    case 'I':
      return rowChange('insert', reader, buffer.length)
    case 'U':
      return rowChange('update', reader, buffer.length)
    case 'D':
      return rowChange('delete', reader, buffer.length)
    case 'T': {
      const count = reader.int32()
      reader.skip(1)
      return { kind: 'truncate', relationIds: Array.from({ length: count }, () => reader.uint32()) }
    }
    case 'M': {
      reader.skip(1 + 8)
      return { kind: 'message', prefix: reader.name(), content: reader.text(reader.int32()) }
    }
    default:
      // The origin of a transaction, and a type's name.
      return { kind: 'other' }
  }
}

type Reader = ReturnType<typeof createReader>

function createReader(buffer: Buffer) {
  let at = 0
  const take = (length: number) => {
    const from = at
    at += length
    return from
  }
  return {
    isAtEnd: () => at >= buffer.length,
    skip: (length: number) => void take(length),
    int8: () => buffer.readUInt8(take(1)),
    int16: () => buffer.readInt16BE(take(2)),
    int32: () => buffer.readInt32BE(take(4)),
    uint32: () => buffer.readUInt32BE(take(4)),
    int64: () => buffer.readBigInt64BE(take(8)),
    uint64: () => buffer.readBigUInt64BE(take(8)),
    text: (length: number) => buffer.toString('utf8', take(length), at),
    name: () => {
      const from = at
      at = buffer.indexOf(0, from) + 1
      return buffer.toString('utf8', from, at - 1)
    },
  }
}

function readRelation(reader: Reader): Relation {
  const id = reader.uint32()
  const schema = reader.name()
  const name = reader.name()
  reader.skip(1)
  const columns = Array.from({ length: reader.int16() }, () => {
    reader.skip(1)
    const column = { name: reader.name(), dataTypeID: reader.uint32() }
    reader.skip(4)
    return column
  })
  return { kind: 'relation', id, table: schema === 'public' ? name : `${schema}.${name}`, columns }
}

function rowChange(kind: RowChange['kind'], reader: Reader, bytes: number): RowChange {
  const relationId = reader.uint32()
  let before: readonly SentValue[] | undefined
  let after: readonly SentValue[] | undefined
  while (!reader.isAtEnd()) {
    // K and O are what is known of the old row, N is the new one.
    const isNew = String.fromCharCode(reader.int8()) === 'N'
    const values = readTuple(reader)
    if (isNew) after = values
    else before = values
  }
  return { kind, relationId, before, after, bytes }
}

const readTuple = (reader: Reader): readonly SentValue[] =>
  Array.from({ length: reader.int16() }, () => {
    const kind = String.fromCharCode(reader.int8())
    if (kind === 't') return reader.text(reader.int32())
    return kind === 'n' ? null : undefined
  })

/** RFC 3339 in UTC with six digits, as all times of the database. */
function timeOf(microseconds: bigint): string {
  const since1970 = microseconds + POSTGRES_EPOCH_US
  const seconds = new Date(Number(since1970 / 1_000n)).toISOString().slice(0, 19)
  return `${seconds}.${String(since1970 % SECOND_US).padStart(6, '0')}Z`
}
