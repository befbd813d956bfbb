import { freePassedBytes } from '../../../kernel/free-passed-bytes.ts'
import type { LineRules } from '../../../kernel/row-lines.ts'
import type { Column } from '../../values/describe-statement.ts'
import { camelName, readRows } from '../../values/read-rows.ts'
import type { TypeCatalog } from '../../values/type-catalog.ts'
import { eachRow, readRowTexts } from './take-rows.ts'
import { createFieldWriter, type Target } from './write-field.ts'

/** Writes the rows of some messages as lines of JSON. */
export type WriteLines = (messages: Buffer) => Buffer

interface LineOptions extends LineRules {
  readonly columns: readonly Column[]
  readonly catalog: TypeCatalog
}

/** A character of a text becomes six where it is escaped. */
const MOST_BYTES_OF_ONE = 6

/**
 * Compiles how the rows of a statement become lines: bytes are copied where the column's type says that every value of it fits,
 * and a property's own schema is asked where it does not. A row that is not certain to fit becomes an object, and `encode` decides.
 */
export function createLineWriter({ columns, catalog, fields, encode }: LineOptions): WriteLines {
  const names = columns.map(({ name }) => camelName(name))
  const target: Target = { source: Buffer.alloc(0), out: Buffer.alloc(0), at: 0 }
  const members = compileMembers()
  const constants = members?.reduce((sum, { before }) => sum + before.length, 0) ?? 0
  const starts = new Int32Array(columns.length)
  const lengths = new Int32Array(columns.length)

  function compileMembers() {
    const known = Object.entries(fields).map(([name, rule]) => ({ name, rule, column: names.indexOf(name) }))
    // One that may be missing is left out.
    const there = known.filter(({ column, rule }) => column >= 0 || !rule.takes(undefined))
    const made = there.flatMap(({ name, rule, column }, i) => {
      const type = catalog.get(columns[column]?.dataTypeID ?? 0)
      const write = column < 0 ? undefined : createFieldWriter(target, rule, type)
      return write
        ? [
            {
              before: Buffer.from(`${i === 0 ? '{' : ','}${JSON.stringify(name)}:`),
              write,
              column,
              null: rule.takes(null),
            },
          ]
        : []
    })
    // What cannot be written so is left to `encode` in every row.
    return made.length === there.length && made.length > 0 ? made : undefined
  }
  const reserve = (bytes: number) => {
    if (target.out.length - target.at >= bytes) return
    const larger = Buffer.allocUnsafe(Math.max(2 * target.out.length, target.at + bytes))
    target.out.copy(larger, 0, 0, target.at)
    target.out = larger
  }
  /** Returns false where it is not certain that the row fits. */
  const writeMembers = (): boolean => {
    for (const member of members ?? []) {
      writeBytes(target, member.before)
      const length = lengths[member.column] ?? -1
      const start = starts[member.column] ?? 0
      if (length < 0 ? !(member.null && writeNull(target)) : !member.write(start, start + length)) return false
    }
    return members !== undefined
  }
  const writeRow = (start: number) => {
    let at = start
    for (let i = 0; i < columns.length; i++) {
      const length = readLength(target.source, at)
      starts[i] = at + 4
      lengths[i] = length
      at += 4 + Math.max(length, 0)
    }
    reserve(constants + MOST_BYTES_OF_ONE * (at - start) + 2)
    const from = target.at
    if (writeMembers()) {
      target.out[target.at++] = CLOSE
      target.out[target.at++] = LF
      return
    }
    target.at = from
    const [row] = readRows({
      unread: { fields: columns, rows: [readRowTexts(target.source, start, columns.length)] },
      catalog,
    })
    const line = Buffer.from(encode(row))
    reserve(line.length)
    target.at += line.copy(target.out, target.at)
  }
  return function writeLines(messages) {
    target.source = messages
    target.out = Buffer.allocUnsafe(2 * messages.length)
    target.at = 0
    eachRow(messages, writeRow)
    freePassedBytes(messages.length + target.out.length)
    return target.out.subarray(0, target.at)
  }
}

const CLOSE = 0x7d
const LF = 0x0a

/** As `readInt32BE`, without its checks: it is called for every value. */
const readLength = (source: Buffer, at: number) =>
  ((source[at] ?? 0) << 24) | ((source[at + 1] ?? 0) << 16) | ((source[at + 2] ?? 0) << 8) | (source[at + 3] ?? 0)

/** Few bytes take less time so than by a call of `copy`. */
function writeBytes(target: Target, bytes: Buffer): void {
  const { out } = target
  let { at } = target
  for (let i = 0; i < bytes.length; i++) out[at++] = bytes[i] ?? 0
  target.at = at
}

function writeNull(target: Target): boolean {
  target.at += target.out.write('null', target.at)
  return true
}
