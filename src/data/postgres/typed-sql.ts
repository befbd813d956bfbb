import type * as z from 'zod'
import { markHandled } from '../../kernel/promises.ts'

/**
 * A statement whose rows a schema checks.
 * @example const find = (orders: TypedSql<z.ZodType<{ id: string }>>) => orders.one`select id from orders where id = ${id}`
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
  const check = async (found: ReturnType<Select>, most?: number) =>
    (await found).slice(0, most).map((row, i) => checkRow(schema, row, i + 1))
  const rows: Rows<z.output<S>[]> = (text, ...values) => markHandled(check(select(text, values)))
  const one: Rows<z.output<S> | undefined> = (text, ...values) =>
    markHandled(check(select(text, values), 1).then(([row]) => row))
  return Object.assign(rows, { one })
}

type Rows<Result> = (text: TemplateStringsArray, ...values: readonly unknown[]) => Promise<Result>

/** Throws a TypeError with the row's number and the column, and without its value, which may be a secret that must not be logged. */
function checkRow<S extends z.ZodType>(schema: S, row: object, number: number): z.output<S> {
  const { success, data, error } = schema.safeParse(row)
  if (success) return data
  const { path = [], message = '' } = error.issues[0] ?? {}
  const isMissing = path[0] !== undefined && !Object.hasOwn(row, path[0])
  throw new TypeError(
    `row ${number}, column ${path.join('.')}: ${isMissing ? 'the statement does not select it' : message}`,
  )
}
