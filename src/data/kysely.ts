import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type KyselyPlugin,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import { postgresWith, type Savepoint, type Statements } from './index.ts'

/** What `kysely()` takes besides its tables' types. */
interface KyselyOptions {
  /** Plugins of Kysely's, such as `new CamelCasePlugin()`. Default: none. */
  readonly plugins?: readonly KyselyPlugin[]
}

/**
 * Kysely for a handler, in the request's one transaction, which it shares with a `{ sql: postgres }` in the same `uses`; in a
 * request that only reads, in statements that cannot write. `db.transaction()` is a savepoint. It cannot stream.
 * @example
 * interface Tables {
 *   readonly products: { readonly sku: string; readonly stock: number }
 * }
 * export default implement(contract, { db: kysely<Tables>() }, async ({ params: { id } }, { db }) => {
 *   const { stock } = await db.selectFrom('products').select('stock').where('sku', '=', id).executeTakeFirstOrThrow()
 *   return { id, quantity: stock }
 * })
 * @see docs/guide/46-sql-tools.md
 */
export const kysely = <Tables>({ plugins = [] }: KyselyOptions = {}) =>
  postgresWith(
    (statements) =>
      new Kysely<Tables>({
        dialect: {
          createAdapter: () => new PostgresAdapter(),
          createDriver: () => createDriver(statements),
          createIntrospector: (db) => new PostgresIntrospector(db),
          createQueryCompiler: () => new PostgresQueryCompiler(),
        },
        plugins: [...plugins],
      }),
  )

/** Each connection is the request's own one. */
function createDriver(statements: Statements): Driver {
  const savepoints = new WeakMap<DatabaseConnection, Savepoint>()
  const statementsOn = (connection: DatabaseConnection) => savepoints.get(connection) ?? statements
  const savepointOf = (connection: DatabaseConnection) => {
    const savepoint = savepoints.get(connection)
    if (!savepoint) throw new Error('this connection has no transaction()')
    return savepoint
  }
  const sendTo = async (connection: DatabaseConnection, text: string) => {
    await statementsOn(connection).run(text, [])
  }
  return {
    init: async () => {},
    acquireConnection: async () => {
      const connection: DatabaseConnection = {
        executeQuery: (query) => execute(statementsOn(connection), query),
        streamQuery: () => {
          throw new TypeError('a handler cannot stream by Kysely: select a page at a time, by a key')
        },
      }
      return connection
    },
    beginTransaction: async (connection, { isolationLevel, accessMode }) => {
      if (isolationLevel || accessMode) throw new TypeError(BEGUN)
      savepoints.set(connection, await statements.savepoint())
    },
    commitTransaction: (connection) => savepointOf(connection).release(),
    rollbackTransaction: (connection) => savepointOf(connection).rollback(),
    savepoint: (connection, name) => sendTo(connection, `savepoint ${quote(name)}`),
    rollbackToSavepoint: (connection, name) => sendTo(connection, `rollback to savepoint ${quote(name)}`),
    releaseSavepoint: (connection, name) => sendTo(connection, `release savepoint ${quote(name)}`),
    releaseConnection: async (connection) => void savepoints.delete(connection),
    destroy: async () => {},
  }
}

const BEGUN =
  "the request's transaction has begun already: a transaction() is a savepoint in it, and has no isolation level or access mode of its own"
const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
const CHANGES = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE'])

async function execute<Row>(statements: Statements, { sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
  const { columns, rows, command, rowCount } = await statements.run(sql, parameters)
  const second = columns.find((name, i) => columns.indexOf(name) < i)
  if (second !== undefined)
    throw new TypeError(`two columns would both be ${second} in a row; give one another name with \`as\``)
  // The query builder knows the shape of what it selects.
  const named = rows.map((values) => Object.fromEntries(columns.map((name, i) => [name, values[i]])) as Row)
  return CHANGES.has(command) ? { rows: named, numAffectedRows: BigInt(rowCount) } : { rows: named }
}
