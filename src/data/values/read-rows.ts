import type { Column } from './describe-statement.ts'
import type { TypeCatalog } from './type-catalog.ts'
import { ValueError } from './value-type.ts'

export type Row = Record<string, unknown>

/** What a result is made of when nothing of it was read yet. */
export interface UnreadResult {
  readonly fields: readonly Column[]
  readonly rows: readonly (readonly (string | null)[])[]
}

/** Rows as JavaScript, their columns in camelCase. Throws a ValueFault, which names the column, where a value would change. */
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
  } catch (fault) {
    if (!(fault instanceof ValueError)) throw fault
    throw new ValueError(`the column ${last?.name} (${last?.type.name}) cannot be read: ${fault.message}`)
  }
}

/** The names of columns in a row. Throws a ValueFault where two have one name. */
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

const camelNames = new Map<string, string>()

/** A row with its columns in camelCase. */
export function toCamelCase<Row extends object>(row: Record<string, unknown>): Row {
  // The caller names the shape that its own statement selects.
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [camelName(name), value])) as Row
}

/** An underscore at the start stays, and so does one between digits: `line_1_2` is not `line_12`. */
function camelName(name: string): string {
  const known = camelNames.get(name)
  if (known !== undefined) return known
  const camel = name.replaceAll(/(?<!^|_)_([a-z]|(?<!\d_)\d)/g, (_, letter: string) => letter.toUpperCase())
  camelNames.set(name, camel)
  return camel
}
