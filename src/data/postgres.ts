import { type Config, type Log, need, type TransactionalResource } from '../kernel/index.ts'
import { ask } from './ask.ts'
import { clearOutstanding } from './inbox.ts'
import { createNotifier } from './notify.ts'
import { OUTBOX_CHANNEL } from './outbox.ts'
import { createPool } from './pool.ts'
import { readOnlySql } from './read.ts'
import { createRunStatement } from './run-statement.ts'
import type { Sql } from './sql.ts'
import { type Postgres, transact } from './transaction.ts'

/** What a statement of no request may take: a look whether the database is there, or what comes after a COMMIT. */
const STATEMENT_MS = 2_000

/**
 * Postgres for a handler: `sql` inside the request's one transaction, or on the pool where it only reads.
 * @example
 * export default implement(contract, { sql: postgres }, async ({ params }, { sql }) => {
 *   const [order] = await sql<{ id: string; quantity: number }>`select * from orders where id = ${params.id}`
 *   return order ?? { id: params.id, quantity: 0 }
 * })
 */
export const postgres: TransactionalResource<Sql, Postgres> = {
  stores: ['postgres'],
  open: (config: Config, log: Log) => {
    const pool = createPool(need(config, 'DATABASE_URL'), { max: config.EBB_POOL_MAX, log })
    // Whoever started this process waits for its first statement: connect while the rest still loads.
    const connected = pool.connect().then(
      (client) => client.release(),
      () => {},
    )
    return { pool, connected, outbox: createNotifier(pool, OUTBOX_CHANNEL), log, run: createRunStatement() }
  },
  lend: (opened, { signal }) => readOnlySql(opened, { signal }).sql,
  ready: async ({ pool }) => {
    // Fails where the schema is not there, or where this role was not let in.
    await ask(pool, STATEMENT_MS, (client) => client.query(`select from ebb.find_answer('', '', '', '')`))
  },
  close: async ({ pool, outbox }) => {
    await outbox.flush()
    await pool.end()
  },
  transaction: {
    run: transact,
    clearOutstanding: ({ pool }, event) => ask(pool, STATEMENT_MS, (client) => clearOutstanding(client, event)),
  },
}
