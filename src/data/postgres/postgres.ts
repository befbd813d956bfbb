import type pg from 'pg'
import { type Config, type Log, liveSetting, requireSetting, type TransactionalResource } from '../../kernel/index.ts'
import { recordInstance } from '../cost/record-instance.ts'
import { clearPendingEffects } from '../inbox.ts'
import { createOutboxNotifier } from '../outbox.ts'
import { createDatabaseAddress } from './database-address.ts'
import type { OpenedPostgres } from './handler-statements.ts'
import { createPool } from './pool.ts'
import { createReadOnlySql } from './read-only.ts'
import { createReplica, type Replica } from './replica.ts'
import { createRunStatement } from './run-statement.ts'
import type { Sql } from './sql.ts'
import { transact } from './transaction.ts'
import { queryWithTimeout } from './with-connection.ts'

/** The limit of a statement outside of any request: the readiness check, and what comes after a COMMIT. */
const STATEMENT_TIMEOUT_MS = 2_000

/**
 * Postgres for a handler: `sql` in the request's one transaction, which commits when the reply is ready; in a read-only one a
 * statement where the contract only reads. What the database refuses because of its state (a lock, a failover) is a 503.
 * @example
 * export default implement(contract, { sql: postgres }, async ({ params }, { sql }) => {
 *   const [order] = await sql<{ id: string; quantity: number }>`select * from orders where id = ${params.id}`
 *   return order ?? { id: params.id, quantity: 0 }
 * })
 * @see docs/guide/02-own-tables.md
 */
export const postgres: TransactionalResource<Sql, OpenedPostgres> = {
  stores: ['postgres'],
  open: (config: Config, log: Log) => {
    requireSetting(config, 'DATABASE_URL')
    const address = createDatabaseAddress(liveSetting(config, 'DATABASE_URL', log), { log })
    const pool = createPool(address, { max: config.EBB_POOL_MAX, log })
    // A cold start's request waits for its first statement: connect while the rest still loads.
    const connected = pool.connect().then(
      (client) => client.release(),
      () => {},
    )
    const replica = openReplica(pool, config, log)
    return { address, pool, connected, replica, outbox: createOutboxNotifier(pool), log, run: createRunStatement() }
  },
  bind: (opened, { signal, tenant }) => createReadOnlySql(opened, { signal, tenant }).sql,
  ready: async ({ pool }) => {
    // Fails where the schema is not there, or where this role has no access to it.
    await queryWithTimeout(pool, STATEMENT_TIMEOUT_MS, (client) =>
      client.query(`select from ebb.find_answer('', '', '', '')`),
    )
  },
  recordUse: ({ pool }, instance, use) => recordInstance(pool, instance, use),
  close: async ({ address, pool, replica, outbox }) => {
    address?.close()
    await outbox.flush()
    await Promise.all([pool.end(), replica?.close()])
  },
  transaction: {
    run: transact,
    clearPendingEffects: ({ pool }, event) =>
      queryWithTimeout(pool, STATEMENT_TIMEOUT_MS, (client) => clearPendingEffects(client, event)),
  },
}

/** It connects when the first read goes there. */
function openReplica(database: pg.Pool, config: Config, log: Log): Replica | undefined {
  if (config.DATABASE_READ_URL === undefined) return undefined
  const address = createDatabaseAddress(liveSetting(config, 'DATABASE_READ_URL', log), { log })
  const replica = createReplica(createPool(address, { max: config.EBB_POOL_MAX, log }), {
    ...{ database, maxLagMs: config.DATABASE_READ_MAX_LAG_MS, log },
  })
  return {
    ...replica,
    close: async () => {
      address.close()
      await replica.close()
    },
  }
}
