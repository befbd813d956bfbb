import { createBoundedMap, getOrCreate } from '../../kernel/index.ts'
import type { Column } from './describe-statement.ts'
import type { TypeCatalog } from './type-catalog.ts'
import { ValueError } from './value-type.ts'

/** One row of a result, by the names of its columns. */
export type Row = Record<string, unknown>

/** A result as the server sent it, its values as text. */
export interface UnreadResult {
  readonly fields: readonly Column[]
  readonly rows: readonly (readonly (string | null)[])[]
  readonly command?: string
  readonly rowCount?: number | null
}

/** What a statement has answered, before it is read. */
export interface StatementResult {
  readonly unread: UnreadResult
  readonly catalog: TypeCatalog
}

/**
 * What a statement has answered, its columns as Postgres calls them; two may have one name. Of a value that is a string of JSON, its
 * JSON text.
 * @example const namesOf = ({ columns }: Table) => columns.join(', ')
 */
export interface Table {
  /** The names of the columns, as Postgres has them. */
  readonly columns: readonly string[]
  /** Each row's values, in the order of the columns. */
  readonly rows: readonly (readonly unknown[])[]
  /** The word of what was done: `SELECT`, `INSERT`, `UPDATE`. */
  readonly command: string
  /** How many rows were selected or changed. */
  readonly rowCount: number
}

/** Reads rows, their columns in camelCase. Throws a ValueError that names the column where a value would change. */
export function readRows({ unread: { fields, rows }, catalog }: StatementResult): Row[] {
  const names = nameColumns(fields)
  const blank: Row = Object.fromEntries(names.map((name) => [name, null]))
  return readEach({ fields, rows }, { names, catalog }, (texts, read) => {
    const row = { ...blank }
    for (const [i, name] of names.entries()) {
      const text = texts[i] ?? null
      if (text !== null) row[name] = read(text, i)
    }
    return row
  })
}

/** Reads values in the order of their columns. Throws a ValueError that names the column where a value would change. */
export function readTable({ unread, catalog }: StatementResult): Table {
  const { fields, rows, command = '', rowCount } = unread
  const names = fields.map(({ name }) => name)
  const isJson = fields.map(({ dataTypeID }) => catalog.get(dataTypeID).holdsArrays === true)
  const read = readEach({ fields, rows }, { names, catalog }, (texts, read) =>
    texts.map((text, i) => {
      if (text === null) return null
      const value = read(text, i)
      // An SQL tool parses a string that it finds in a column of JSON, and must not parse a value.
      return isJson[i] && typeof value === 'string' ? text : value
    }),
  )
  return { columns: names, rows: read, command, rowCount: rowCount ?? rows.length }
}

interface ReadOptions {
  readonly names: readonly string[]
  readonly catalog: TypeCatalog
}

/** Reads row by row. Throws a ValueError that names the column where a value would change. */
function readEach<Result>(
  { fields, rows }: UnreadResult,
  { names, catalog }: ReadOptions,
  readOne: (texts: readonly (string | null)[], read: (text: string, column: number) => unknown) => Result,
): Result[] {
  const types = fields.map(({ dataTypeID }) => catalog.get(dataTypeID))
  let last = 0
  const read = (text: string, column: number): unknown => {
    last = column
    return types[column]?.read(text)
  }
  try {
    return rows.map((texts) => readOne(texts, read))
  } catch (error) {
    if (!(error instanceof ValueError)) throw error
    throw new ValueError(`the column ${names[last]} (${types[last]?.name}) cannot be read: ${error.message}`)
  }
}

/** The names of columns in camelCase. Throws a ValueError where two have the same name. */
export function nameColumns(columns: readonly Column[]): string[] {
  const names = columns.map(({ name }) => camelName(name))
  if (new Set(names).size === names.length) return names
  const second = names.findIndex((name, i) => names.indexOf(name) < i)
  const first = names.indexOf(names[second] ?? '')
  const [one, other] = [columns[first]?.name, columns[second]?.name]
  throw new ValueError(
    `columns ${first + 1} "${one}" and ${second + 1} "${other}" would both be ${names[second]} in a row; give one another name with \`as\``,
  )
}

const MAX_NAMES = 10_000
const camelNames = /* @__PURE__ */ createBoundedMap<string, string>(MAX_NAMES)

/** Returns a row with its columns in camelCase. */
export function toCamelCase<Row extends object>(row: Record<string, unknown>): Row {
  // The caller names the shape that its own statement selects.
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [camelName(name), value])) as Row
}

/** A column's name in camelCase. An underscore at the start stays, and so does one between digits: `line_1_2` is not `line_12`. */
export const camelName = (name: string): string =>
  getOrCreate(camelNames, name, () =>
    name.replaceAll(/(?<!^|_)_([a-z]|(?<!\d_)\d)/g, (_, letter: string) => letter.toUpperCase()),
  )
