import type { TransactionalResource } from '../../kernel/index.ts'
import type { OpenedPostgres } from './handler-statements.ts'
import { postgres } from './postgres.ts'
import { executions, type Sql } from './sql.ts'
import { createStatements, type Statements } from './statements.ts'

/**
 * Postgres by an SQL tool of your own choice: `create` makes what a handler gets, once a request, of the request's statements. It
 * shares the transaction with `postgres` and with other tools in the same `uses`, and obeys the same rules. `ebb/kysely` and
 * `ebb/drizzle` are made by it.
 * @example
 * const counter = postgresWith((statements) => ({
 *   count: async (table: 'orders' | 'products') => (await statements.run(`select from ${table}`, [])).rowCount,
 * }))
 * @see docs/guide/46-sql-tools.md
 */
export const postgresWith = <Tool>(
  create: (statements: Statements) => Tool,
): TransactionalResource<Tool, OpenedPostgres, Sql> => ({
  ...postgres,
  bind: (opened, context) => create(statementsOf(postgres.bind(opened, context))),
  view: (sql: Sql) => create(statementsOf(sql)),
})

function statementsOf(sql: Sql): Statements {
  const execution = executions.get(sql)
  if (!execution) throw new TypeError('this `sql` is none that a handler gets')
  return createStatements(execution.run, execution)
}
