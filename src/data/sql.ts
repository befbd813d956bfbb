import type pg from 'pg'
import { toProblem } from './database-fault.ts'
import { type Fragments, fragments, render } from './fragment.ts'
import { heard } from './heard.ts'
import { toCamelCase } from './pool.ts'

/**
 * SQL as tagged templates: each value travels as a parameter, never as text. Rows have their columns in camelCase.
 * @example const user = await sql.one`select * from users where id = ${id}`
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
  /** Reads that must agree with each other: one snapshot (REPEATABLE READ, READ ONLY). */
  snapshot<Result>(reads: (sql: Sql) => Promise<Result>): Promise<Result>
}

/** Runs one statement and answers its raw result. */
export type Run = (text: string, values: readonly unknown[]) => Promise<pg.QueryResult>

export function createSql(run: Run, take: Sql['snapshot']): Sql {
  async function select<Row extends object>(text: TemplateStringsArray, values: readonly unknown[]): Promise<Row[]> {
    const statement = render(text, values)
    const result = await run(statement.text, statement.parameters).catch((fault: unknown) => {
      throw toProblem(fault)
    })
    return result.rows.map((row: Record<string, unknown>) => toCamelCase<Row>(row))
  }
  const rows = <Row extends object>(text: TemplateStringsArray, ...values: readonly unknown[]) =>
    heard(select<Row>(text, values))
  const one = <Row extends object>(text: TemplateStringsArray, ...values: readonly unknown[]) =>
    heard(select<Row>(text, values).then(([row]) => row))
  const snapshot: Sql['snapshot'] = (reads) => heard(take(reads))
  return Object.assign(rows, fragments, { one, snapshot })
}
