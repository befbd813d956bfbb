import type * as z from 'zod'
import { markHandled } from '../../kernel/promises.ts'
import { writeJson } from '../values/json.ts'
import { readRows } from '../values/read-rows.ts'
import { refuseUnsendable, type Statement } from '../values/write-parameters.ts'
import { toTenantError } from './begin-as.ts'
import { toProblem } from './database-error.ts'
import type { ExecuteStatement } from './statements.ts'
import { createTypedSql, type TypedSql } from './typed-sql.ts'

/**
 * SQL as tagged templates: each value travels as a parameter, never as text, and is refused where Postgres would store
 * another one. Rows have their columns in camelCase.
 * @example const user = await sql.one`select * from users where id = ${id}`
 * @see docs/values.md
 */
export interface Sql extends Fragments {
  /** All rows. */
  <Row extends object = Record<string, unknown>>(
    text: TemplateStringsArray,
    ...values: readonly unknown[]
  ): Promise<Row[]>
  /** The first row, or undefined. */
  one<Row extends object = Record<string, unknown>>(
    text: TemplateStringsArray,
    ...values: readonly unknown[]
  ): Promise<Row | undefined>
  /**
   * Rows that a schema has checked and typed, each one: a row that does not fit is an error that names its column. Columns that
   * the schema does not have are left out, as zod does.
   * @example const orders = await sql.typed(z.object({ id: z.uuid() }))`select * from orders where sku = ${sku}`
   */
  typed<S extends z.ZodType>(schema: S): TypedSql<S>
  /**
   * Rows one after the other, no faster than they are taken: as many as there are, of one snapshot, and never all in memory. A
   * handler may return them as its streamed reply as they are; then lines are written straight from what the database sends, each
   * row checked by the contract's `item`. In a request that only reads; no other statement runs meanwhile.
   * @example const products = sql.stream<{ sku: string }>`select sku from products order by sku`
   */
  stream<Row extends object = Record<string, unknown>>(
    text: TemplateStringsArray,
    ...values: readonly unknown[]
  ): AsyncIterable<Row>
  /** Reads that must agree with each other: one snapshot (REPEATABLE READ, READ ONLY). */
  snapshot<Result>(reads: (sql: Sql) => Promise<Result>): Promise<Result>
  /**
   * Stores rows by COPY, as many as come and no faster than the database takes them, and resolves to their number: all of
   * them, or none where one cannot be stored, which is a CopyError that names it. Each row is an object with a value for
   * each column under its name in camelCase, written as values of statements are. No statement runs meanwhile.
   * @example const rows = await sql.copyInto('readings', ['sensor', 'measured_at'], [{ sensor: 'a', measuredAt: new Date() }])
   */
  copyInto(
    table: string | readonly [schema: string, table: string],
    columns: readonly [string, ...string[]],
    rows: AsyncIterable<object> | Iterable<object>,
  ): Promise<number>
}

/** What `sql` has besides statements: how it is done depends on the kind of request. */
export interface SqlTools extends Pick<Sql, 'snapshot' | 'copyInto'> {
  /** Whether all statements are of one transaction, so that there can be savepoints in it. Default: no. */
  readonly isTransaction?: boolean
  stream(statement: Statement): AsyncIterable<object>
}

/** Creates the `sql` that a handler gets, on top of a function that runs one statement. */
export function createSql(execute: ExecuteStatement, { isTransaction = false, ...tools }: SqlTools): Sql {
  const run: ExecuteStatement = (statement) => execute(statement).catch(throwProblem)
  async function select<Row extends object>(text: TemplateStringsArray, values: readonly unknown[]): Promise<Row[]> {
    const found = await run(renderStatement(text, values))
    // The caller names the shape that its own statement selects.
    return readRows(found) as Row[]
  }
  const rows = <Row extends object>(text: TemplateStringsArray, ...values: readonly unknown[]) =>
    markHandled(select<Row>(text, values))
  const one = <Row extends object>(text: TemplateStringsArray, ...values: readonly unknown[]) =>
    markHandled(select<Row>(text, values).then(([row]) => row))
  const snapshot: Sql['snapshot'] = (reads) => markHandled(tools.snapshot(reads))
  const copyInto: Sql['copyInto'] = (...copied) => markHandled(tools.copyInto(...copied).catch(throwProblem))
  const stream = <Row extends object>(text: TemplateStringsArray, ...values: readonly unknown[]) =>
    // The caller names the shape that its own statement selects.
    tools.stream(renderStatement(text, values)) as AsyncIterable<Row>
  const typed: Sql['typed'] = (schema) => createTypedSql(schema, select)
  const sql = Object.assign(rows, fragments, { one, typed, stream, snapshot, copyInto })
  executions.set(sql, { run, isTransaction })
  return sql
}

const throwProblem = (error: unknown): never => {
  throw toProblem(toTenantError(error))
}

/** What runs the statements of a handler's `sql`, for an SQL tool beside it: no part of its type, since no handler needs it. */
export const executions = new WeakMap<Sql, { readonly run: ExecuteStatement; readonly isTransaction: boolean }>()

const FRAGMENT = Symbol('ebb.sql.fragment')

/**
 * A part of a statement with its values: only `sql` makes one, and nothing that was read from JSON can pass for it.
 * @example const cheap: Fragment = sql.fragment`price < ${100}`
 */
export interface Fragment {
  /** Known to this module only. */
  readonly [FRAGMENT]: { readonly text: readonly string[]; readonly values: readonly unknown[] }
}

/** The parts that a statement is made of. */
interface Fragments {
  /**
   * A part of a statement, to be put into others.
   * @example
   * const inStock = sql.fragment`stock > ${0}`
   * await sql`select * from products where ${inStock}`
   */
  fragment(text: TemplateStringsArray, ...values: readonly unknown[]): Fragment
  /**
   * Parts one after the other, such as the conditions that a request asks for.
   * @example await sql`select * from products where ${sql.join(conditions, sql.fragment` and `)}`
   */
  join(parts: readonly Fragment[], separator: Fragment): Fragment
  /**
   * A name that is known at run time only, quoted. With two names it is one in a schema or a table.
   * @example await sql`select * from products order by ${sql.identifier('price')}`
   */
  identifier(...names: readonly [string, ...string[]]): Fragment
  /**
   * A value as jsonb, whatever it is: an array is a JSON array, a string a JSON string.
   * @example await sql`insert into carts (lines) values (${sql.json([{ sku, quantity }])})`
   */
  json(value: unknown): Fragment
}

const createFragment = (text: readonly string[], values: readonly unknown[] = []): Fragment =>
  Object.freeze({ [FRAGMENT]: { text, values } })

const MAX_NAME_BYTES = 63

const fragments: Fragments = {
  fragment: (text, ...values) => createFragment(text, values),
  join: (parts, separator) => {
    const between = parts.slice(1).flatMap((part) => [separator, part])
    const values = [...parts.slice(0, 1), ...between]
    return createFragment(Array(values.length + 1).fill(''), values)
  },
  identifier: (...names) => createFragment([writeIdentifier(names)]),
  json: (value) => createFragment(['', '::text::jsonb'], [writeJson(value)]),
}

/** A name, quoted; with two names it is one in a schema or a table. Throws a TypeError for what is no name. */
export function writeIdentifier(names: readonly string[]): string {
  for (const name of names) {
    // Postgres would cut a longer one, and find another thing by what is left.
    const fits = name !== '' && !name.includes('\0') && Buffer.byteLength(name) <= MAX_NAME_BYTES
    if (!fits)
      throw new TypeError(`${JSON.stringify(name)} is not a valid name for Postgres: it must have 1 to 63 bytes`)
  }
  return names.map((name) => `"${name.replaceAll('"', '""')}"`).join('.')
}

/** The text of a statement and its parameters, all fragments in their places. Throws a ValueError for a value of no type. */
function renderStatement(text: readonly string[], values: readonly unknown[]): Statement {
  const parameters: unknown[] = []
  const write = (parts: readonly string[], between: readonly unknown[]): string =>
    parts.reduce((written, part, i) => `${written}${place(between[i - 1])}${part}`)
  const place = (value: unknown): string => {
    const fragment = (value as Partial<Fragment> | null | undefined)?.[FRAGMENT]
    if (fragment) return write(fragment.text, fragment.values)
    parameters.push(value)
    return `$${parameters.length}`
  }
  const statement = { text: write(text, values), values: parameters }
  refuseUnsendable(statement)
  return statement
}
