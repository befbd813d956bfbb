import type * as z from 'zod'
import { markHandled } from '../../kernel/promises.ts'

/**
 * A statement whose rows a schema checks.
 * @example const find = (users: TypedSql<typeof Order>) => users.one`select * from orders where id = ${id}`
 */
export interface TypedSql<S extends z.ZodType> {
  /** All rows. */
  (text: TemplateStringsArray, ...values: readonly unknown[]): Promise<z.output<S>[]>
  /** The first row, or undefined. */
  one(text: TemplateStringsArray, ...values: readonly unknown[]): Promise<z.output<S> | undefined>
}

type Select = (text: TemplateStringsArray, values: readonly unknown[]) => Promise<readonly object[]>

/** Creates `sql.typed(schema)` on top of what runs one statement. */
export function createTypedSql<S extends z.ZodType>(schema: S, select: Select): TypedSql<S> {
  const rows = (text: TemplateStringsArray, ...values: readonly unknown[]) =>
    markHandled(select(text, values).then((found) => found.map((row, i) => checkRow(schema, row, i + 1))))
  const one = (text: TemplateStringsArray, ...values: readonly unknown[]) =>
    markHandled(select(text, values).then(([row]) => (row === undefined ? undefined : checkRow(schema, row, 1))))
  return Object.assign(rows, { one })
}

/** Throws a TypeError with the row's number and the column, and without its value, which may be a secret that must not be logged. */
function checkRow<S extends z.ZodType>(schema: S, row: object, number: number): z.output<S> {
  const { success, data, error } = schema.safeParse(row)
  if (success) return data
  const [first, ...others] = error.issues
  const [column, ...path] = first?.path ?? []
  const where = column === undefined ? '' : `, column ${[column, ...path].map(String).join('.')}`
  const isMissing = column !== undefined && !Object.hasOwn(row, column)
  const what = isMissing ? 'the statement does not select it' : (first?.message ?? '')
  const more = others.length > 0 ? ` (and ${others.length} more)` : ''
  throw new TypeError(`row ${number}${where} does not fit the schema of sql.typed: ${what}${more}`)
}
