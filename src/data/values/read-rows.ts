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
}

/** Reads rows, their columns in camelCase. Throws a ValueError that names the column where a value would change. */
export function readRows({ fields, rows }: UnreadResult, catalog: TypeCatalog): Row[] {
  const names = nameColumns(fields)
  const columns = fields.map(({ dataTypeID }, i) => ({ name: names[i] ?? '', type: catalog.get(dataTypeID) }))
  const blank: Row = Object.fromEntries(names.map((name) => [name, null]))
  let last = columns[0]
  try {
    return rows.map((texts) => {
      const row = { ...blank }
      for (const [i, column] of columns.entries()) {
        last = column
        const text = texts[i] ?? null
        if (text !== null) row[column.name] = column.type.read(text)
      }
      return row
    })
  } catch (error) {
    if (!(error instanceof ValueError)) throw error
    throw new ValueError(`the column ${last?.name} (${last?.type.name}) cannot be read: ${error.message}`)
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
