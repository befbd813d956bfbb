import { camelName } from '../../values/read-rows.ts'
import { ValueError, type ValueType, type WireValue } from '../../values/value-type.ts'
import { checkWritten, findUnsendable } from '../../values/write-parameters.ts'
import { CopyError } from './copy-error.ts'

/** Writes one row as a line of COPY's text format. Throws a CopyError that names row and column where a value would change. */
export type WriteRow = (row: unknown, number: number) => string

/** Compiles how the rows of a table are written; a column's value stands in the row under its name in camelCase. */
export function createRowWriter(columns: readonly string[], types: readonly ValueType[]): WriteRow {
  const fields = columns.map((column, i) => ({ column, name: camelName(column), type: types[i] }))
  return function writeRow(row, number) {
    if (typeof row !== 'object' || row === null)
      throw new CopyError('it is no object with a value for each column', { row: number, column: undefined })
    let line = ''
    for (const { column, name, type } of fields) {
      const value: unknown = Reflect.get(row, name)
      if (line !== '') line += '\t'
      try {
        line += value === null || !type ? NULL : writeField(value, type)
      } catch (error) {
        if (!(error instanceof ValueError)) throw error
        throw new CopyError(`the value is ${error.message}`, { row: number, column, cause: error })
      }
    }
    return `${line}\n`
  }
}

const NULL = '\\N'
const SPECIAL = /[\\\n\r\t]/
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function writeField(value: unknown, type: ValueType): string {
  const what = typeof value === 'string' || typeof value === 'number' ? undefined : findUnsendable(value)
  if (what) throw new ValueError(what)
  const sent: WireValue = checkWritten(type.write(value), type, value)
  if (typeof sent !== 'string') return `\\\\x${sent.toString('hex')}`
  return SPECIAL.test(sent) ? sent.replaceAll(/[\\\n\r\t]/g, (special) => ESCAPES[special] ?? special) : sent
}
