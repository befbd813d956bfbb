import { toProblem } from './database-fault.ts'
import { type Fragments, fragments, render } from './fragment.ts'
import { heard } from './heard.ts'
import type { Row as AnyRow } from './values/read-rows.ts'
import type { Statement } from './values/write-parameters.ts'

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

/** Runs one statement and answers its rows. */
export type Run = (statement: Statement) => Promise<readonly AnyRow[]>

export function createSql(run: Run, take: Sql['snapshot']): Sql {
  async function select<Row extends object>(text: TemplateStringsArray, values: readonly unknown[]): Promise<Row[]> {
    const found = await run(render(text, values)).catch((fault: unknown) => {
      throw toProblem(fault)
    })
    // The caller names the shape that its own statement selects.
    return [...found] as Row[]
  }
  const rows = <Row extends object>(text: TemplateStringsArray, ...values: readonly unknown[]) =>
    heard(select<Row>(text, values))
  const one = <Row extends object>(text: TemplateStringsArray, ...values: readonly unknown[]) =>
    heard(select<Row>(text, values).then(([row]) => row))
  const snapshot: Sql['snapshot'] = (reads) => heard(take(reads))
  return Object.assign(rows, fragments, { one, snapshot })
}
