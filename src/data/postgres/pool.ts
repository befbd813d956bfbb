import pg from 'pg'
import { Problem } from '../../contract/index.ts'
import type { Log } from '../../kernel/index.ts'
import { builtInTypes } from '../values/type-catalog.ts'
import { CONNECTION_OPTIONS, destroyConnection, sendCancelRequest } from './connection.ts'
import { type DatabaseAddress, fixedAddress } from './database-address.ts'
import { createClients, followAddress } from './follow-address.ts'
import { prepareStatements } from './prepare-statements.ts'
import { publishStatements } from './publish-statements.ts'
import { watchSettings } from './session.ts'

const IDLE_TIMEOUT_MS = 30_000
/**
 * A plan that is made once, and maybe while a table is empty, must be right when it is full: each row is looked up by an
 * index.
 */
const PLANS_BY_INDEX = [
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
]
  .map((setting) => `-c ${setting}`)
  .join(' ')
/** How pg says that `query_timeout` is over. */
const QUERY_TIMEOUT_MESSAGE = 'Query read timeout'

/** A connection did not answer in time, and its server did not answer a cancel: others to the same host may be as dead. */
export class UnresponsiveError extends Error {
  override readonly name = 'UnresponsiveError'
}

interface PoolOptions {
  /** Connections at most. Default: 10. */
  readonly max?: number
  /** The longest that any statement may take. Default: no limit, for requests have their deadline. */
  readonly statementTimeoutMs?: number
  /**
   * Whether statements are prepared, with one plan each that finds its rows by indexes: for a connection past any pooler, whose
   * statements are few and read little. Default: no.
   */
  readonly prepared?: boolean
  readonly log: Log
}

/**
 * Creates a pool of connections whose values are read as docs/values.md says. A connection that breaks while idle is
 * logged and replaced. Where the address changes, so does that of new connections, and old ones are closed when idle.
 */
export function createPool(
  database: string | DatabaseAddress,
  { max = 10, statementTimeoutMs, prepared = false, log }: PoolOptions,
): pg.Pool {
  const address = typeof database === 'string' ? fixedAddress(database) : database
  const { Client, isOutdated } = createClients(address)
  const pool = new pg.Pool({
    ...CONNECTION_OPTIONS,
    ...{ Client, max, idleTimeoutMillis: IDLE_TIMEOUT_MS, types: { getTypeParser } },
    ...(statementTimeoutMs === undefined ? {} : { query_timeout: statementTimeoutMs }),
    ...(prepared ? { options: PLANS_BY_INDEX } : {}),
  })
  if (typeof database !== 'string') followAddress(pool, { address, isOutdated })
  destroyUnresponsive(pool)
  // While a connection is in use its error rejects the statement; without a listener, the event would end the process.
  pool.on('connect', (client) => client.on('error', () => {}))
  if (prepared) pool.on('connect', prepareStatements)
  pool.on('connect', publishStatements)
  pool.on('connect', watchSettings)
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection broke'))
  return pool
}

/** Runs `work` all or nothing, on one connection. */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.ClientBase) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  let broken: unknown
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    // After a refusal of ours the connection is good. After any other error it is closed, which ends its transaction.
    if (!(error instanceof Problem)) broken = error
    else await client.query('rollback').catch((late: unknown) => (broken = late))
    throw error
  } finally {
    client.release(broken instanceof Error ? broken : broken !== undefined)
  }
}

/** The platform's own statements select no types but these. */
const getTypeParser = (oid: number): ((text: string) => unknown) => builtInTypes.get(oid)?.read ?? String

/**
 * Destroys each connection that is not to be used again; where that one was unresponsive, the idle ones as well: each of
 * them would cost a request its time to find out.
 */
function destroyUnresponsive(pool: pg.Pool) {
  const idle = new Set<pg.PoolClient>()
  pool.on('acquire', (client) => idle.delete(client))
  pool.on('remove', (client) => idle.delete(client))
  pool.on('release', (error, client) => {
    if (!error) return void idle.add(client)
    const isLate = error.message === QUERY_TIMEOUT_MESSAGE
    if (isLate) void sendCancelRequest(client)
    destroyConnection(client)
    if (isLate || error instanceof UnresponsiveError) for (const other of idle) destroyConnection(other)
  })
}
