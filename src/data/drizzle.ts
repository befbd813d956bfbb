import {
  createTableRelationsHelpers,
  type DrizzleConfig,
  DrizzleQueryError,
  type ExtractTablesWithRelations,
  extractTablesRelationalConfig,
} from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { PgRemoteDatabase, type RemoteCallback } from 'drizzle-orm/pg-proxy'
import { PgProxyTransaction, PgRemoteSession } from 'drizzle-orm/pg-proxy/session'
import { postgresWith, type Statements } from './index.ts'

type Tables = Record<string, unknown>

/**
 * Drizzle for a handler, in the request's one transaction, which it shares with a `{ sql: postgres }` in the same `uses`; in a
 * request that only reads, in statements that cannot write. `db.transaction()` is a savepoint. `schema` is for `db.query`.
 * @example
 * const products = pgTable('products', { sku: text().primaryKey(), stock: integer().notNull() })
 * export default implement(contract, { db: drizzle() }, async ({ params: { id } }, { db }) => {
 *   const [product] = await db.select().from(products).where(eq(products.sku, id))
 *   return { id, quantity: product?.stock ?? 0 }
 * })
 * @see docs/guide/46-sql-tools.md
 */
export function drizzle<Schema extends Tables = Record<string, never>>(
  config: Pick<DrizzleConfig<Schema>, 'schema' | 'casing'> = {},
) {
  let shared: Shared<Schema> | undefined
  return postgresWith((statements) => {
    // Relations are read once a process, and not on import.
    shared ??= readConfig(config)
    return new PgRemoteDatabase<Schema>(shared.dialect, createSession(statements, shared), shared.schema)
  })
}

interface Shared<Schema extends Tables> {
  readonly dialect: PgDialect
  readonly schema: ConstructorParameters<typeof PgRemoteDatabase<Schema>>[2]
}

function readConfig<Schema extends Tables>({
  schema: fullSchema,
  casing,
}: Pick<DrizzleConfig<Schema>, 'schema' | 'casing'>): Shared<Schema> {
  const dialect = new PgDialect(casing ? { casing } : {})
  if (!fullSchema) return { dialect, schema: undefined }
  const { tables: schema, tableNamesMap } = extractTablesRelationalConfig<ExtractTablesWithRelations<Schema>>(
    fullSchema,
    createTableRelationsHelpers,
  )
  return { dialect, schema: { fullSchema, schema, tableNamesMap } }
}

/** A session whose statements are the request's, and whose transactions are savepoints. */
function createSession<Schema extends Tables>(statements: Statements, shared: Shared<Schema>) {
  type Session = PgRemoteSession<Schema, ExtractTablesWithRelations<Schema>>
  const { dialect, schema } = shared
  const session: Session = new PgRemoteSession(createCallback(statements), dialect, schema)
  const prepare: Session['prepareQuery'] = session.prepareQuery.bind(session)
  const transaction: Session['transaction'] = async (work, config = {}) => {
    if (Object.keys(config).length > 0) throw new TypeError(BEGUN)
    const savepoint = await statements.savepoint()
    try {
      const inner = createSession(savepoint, shared)
      const tx = new PgProxyTransaction<Schema, ExtractTablesWithRelations<Schema>>(dialect, inner, schema)
      const result = await work(Object.assign(tx, { transaction: inner.transaction }))
      await savepoint.release()
      return result
    } catch (error) {
      await savepoint.rollback()
      throw error
    }
  }
  const prepareQuery: Session['prepareQuery'] = (...args) => {
    const prepared = prepare(...args)
    const execute = prepared.execute.bind(prepared)
    return Object.assign(prepared, { execute: (values?: Tables) => execute(values).catch(throwCause) })
  }
  return Object.assign(session, { transaction, prepareQuery })
}

const BEGUN =
  "the request's transaction has begun already: a transaction() is a savepoint in it, and has no isolation level or access mode of its own"

/** Drizzle's own error has all parameters in its message, and hides what decides on the response: a 503, a 504, a conflict. */
const throwCause = (error: unknown): never => {
  throw error instanceof DrizzleQueryError && error.cause ? error.cause : error
}

/** Drizzle maps values by their place, and rows of a statement that it has not built by name. */
const createCallback =
  (statements: Statements): RemoteCallback =>
  async (text, values, method) => {
    const { columns, rows } = await statements.run(text, values)
    if (method === 'all') return { rows: rows.map((row) => [...row]) }
    return { rows: rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]]))) }
  }
