import type pg from 'pg'
import type { Statement } from '../values/write-parameters.ts'
import { beginAs } from './begin-as.ts'
import { destroyConnection } from './connection.ts'
import { toReadOnlyError } from './database-error.ts'
import { createHandlerStatements, createSerializer, type OpenedPostgres } from './handler-statements.ts'
import { type Session, trackSession } from './session.ts'
import { createSql, type Sql } from './sql.ts'
import { type ConnectionLimits, withConnection } from './with-connection.ts'

/** The `sql` of a request that only reads: each statement on any connection of the pool, in a transaction that cannot write. */
export function createReadOnlySql(opened: OpenedPostgres, { tenant, ...limits }: ReadOnlyRequest) {
  const begin = beginAs(tenant, 'begin read only')
  const statements = createHandlerStatements(
    (statement) => withConnection(opened, limits, ({ client }) => runReadOnly(opened, client, { statement, begin })),
    opened.log,
  )
  return { sql: createSql(statements.run, createSnapshot(opened, { tenant, ...limits })), end: statements.end }
}

interface ReadOnlyRequest extends ConnectionLimits {
  /** The tenant of the caller. */
  readonly tenant?: string | undefined
}

const createSnapshot =
  (opened: OpenedPostgres, { tenant, ...limits }: ReadOnlyRequest): Sql['snapshot'] =>
  (reads) =>
    withConnection(opened, limits, ({ client }) => {
      const session = trackSession(client)
      const serialize = createSerializer()
      const run = async (statement: Statement) => {
        session.check(statement.text)
        return serialize(() => opened.run(client, statement).catch(throwReadOnlyError))
      }
      const statements = createHandlerStatements(run, opened.log)
      const begin = beginAs(tenant, BEGIN_SNAPSHOT)
      return inReadOnlyTransaction(client, { session, begin, serialize }, async () => {
        try {
          const result = await reads(createSql(statements.run, refuseSnapshot))
          if (statements.end() === 0) return result
          throw new Error('a statement of sql.snapshot was still running at its end; await it')
        } finally {
          statements.end()
        }
      })
    })

/** The select takes the snapshot at once: before there is one, a statement could still ask for a transaction that writes. */
const BEGIN_SNAPSHOT = 'begin isolation level repeatable read, read only; select'

interface ReadOnlyOptions {
  readonly session: Session
  readonly begin: string
  readonly serialize?: ReturnType<typeof createSerializer>
}

/** Runs `work` in a transaction that cannot write and leaves nothing on its connection. */
async function inReadOnlyTransaction<Result>(
  client: pg.PoolClient,
  { session, begin, serialize = createSerializer() }: ReadOnlyOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  const end = (word: 'commit' | 'rollback') => serialize(() => client.query(session.endStatement(word)))
  try {
    await client.query(begin)
    return await work()
  } finally {
    // A transaction that has failed can only be rolled back; a connection where that fails, too, is not used again.
    await end('commit').catch(() => end('rollback').catch(() => destroyConnection(client)))
  }
}

interface ReadOnlyStatement {
  readonly statement: Statement
  /** The message that begins its transaction. */
  readonly begin: string
}

async function runReadOnly(opened: OpenedPostgres, client: pg.PoolClient, { statement, begin }: ReadOnlyStatement) {
  const session = trackSession(client)
  session.check(statement.text)
  if (session.isTouched()) {
    return inReadOnlyTransaction(client, { session, begin }, () =>
      opened.run(client, statement).catch(throwReadOnlyError),
    )
  }
  try {
    return await opened.run(client, statement, (to, query) => sendPipelined(to, query, begin))
  } finally {
    // A function has changed a setting that the statement did not mention.
    if (session.isTouched()) await client.query(session.endStatement('rollback')).catch(() => destroyConnection(client))
  }
}

/** Sends BEGIN READ ONLY, the statement and COMMIT in one packet, so that the protection costs no round trip. */
async function sendPipelined(client: pg.ClientBase, statement: pg.QueryConfig, begin: string): Promise<pg.QueryResult> {
  // pg looks at it before each statement, and its types leave it out.
  const piped = client as pg.ClientBase & { pipeline: boolean }
  piped.pipeline = true
  try {
    const sent = [client.query(begin), client.query(statement), client.query('commit')] as const
    const [begun, result] = await Promise.allSettled(sent)
    if (begun.status === 'rejected') throw begun.reason
    if (result.status === 'rejected') return throwReadOnlyError(result.reason)
    return result.value
  } finally {
    piped.pipeline = false
  }
}

const throwReadOnlyError = (error: unknown): never => {
  throw toReadOnlyError(error)
}

const refuseSnapshot = () => {
  throw new TypeError('sql.snapshot is for requests that only read, and cannot be part of another one')
}
