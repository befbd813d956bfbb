import type pg from 'pg'
import type { TransactionOptions } from '../../kernel/index.ts'
import type { Statement } from '../values/write-parameters.ts'
import { beginAs } from './begin-as.ts'
import { destroyConnection } from './connection.ts'
import { refuseCopy } from './copy/copy-into.ts'
import { toReadOnlyError } from './database-error.ts'
import { createHandlerStatements, createSerializer, type OpenedPostgres } from './handler-statements.ts'
import { ASK_REPLAYED, type Begun } from './replica.ts'
import { createStreaming, refuseStream } from './rows/stream-rows.ts'
import { sendTogether } from './send-together.ts'
import { type Session, trackSession } from './session.ts'
import { createSql, type Sql } from './sql.ts'
import { type ConnectionLimits, withConnection } from './with-connection.ts'

/**
 * The `sql` of a request that only reads: each statement on any connection of the pool, or of a replica's where that may
 * answer, in a transaction that cannot write.
 */
export function createReadOnlySql(opened: OpenedPostgres, request: ReadOnlyRequest) {
  const { replica, tenant } = request
  const begin = beginAs(tenant, BEGIN)
  const statements = createHandlerStatements(async (statement) => {
    streaming.check()
    const found =
      replica &&
      (await opened.replica?.read({ ...request, ...replica }, (client, check) =>
        runReadOnly(opened, client, { statement, begin: beginAs(tenant, `${BEGIN}; ${ASK_REPLAYED}`), check }),
      ))
    if (found) return found.result
    return withConnection(opened, request, ({ client }) => runReadOnly(opened, client, { statement, begin }))
  }, opened.log)
  const streaming = createStreaming({
    ...{ run: opened.run, signal: request.signal, during: statements.during },
    onConnection: (work, text) =>
      readOnce(opened, request, BEGIN, async (client, options) => {
        const session = trackSession(client)
        session.check(text)
        await inReadOnlyTransaction(client, { session, ...options }, () => work(client).catch(throwReadOnlyError))
      }),
  })
  const snapshot: Sql['snapshot'] = async (reads) => {
    streaming.check()
    return readOnce(opened, request, BEGIN_SNAPSHOT, (client, options) => readSnapshot(opened, client, options, reads))
  }
  return {
    sql: createSql(statements.run, { snapshot, stream: streaming.stream, copyInto: refuseCopy }),
    end: statements.end,
  }
}

interface ReadOnlyRequest extends ConnectionLimits, Pick<TransactionOptions, 'replica' | 'tenant'> {}

/** Runs what reads more than once in one transaction, on a replica where that may answer, and never twice: a handler does things in between. */
async function readOnce<Result>(
  opened: OpenedPostgres,
  request: ReadOnlyRequest,
  begin: string,
  read: (client: pg.PoolClient, options: Pick<ReadOnlyOptions, 'begin' | 'check'>) => Promise<Result>,
): Promise<Result> {
  const { replica, tenant } = request
  const onReplica = beginAs(tenant, `${BEGIN}; ${ASK_REPLAYED}; commit; ${begin}`)
  const onlyOnce = { ...request, position: replica?.position, isRepeatable: false }
  const found =
    replica && (await opened.replica?.read(onlyOnce, (client, check) => read(client, { begin: onReplica, check })))
  if (found) return found.result
  return withConnection(opened, request, ({ client }) => read(client, { begin: beginAs(tenant, begin) }))
}

function readSnapshot<Result>(
  opened: OpenedPostgres,
  client: pg.PoolClient,
  { begin, check }: Pick<ReadOnlyOptions, 'begin' | 'check'>,
  reads: (sql: Sql) => Promise<Result>,
): Promise<Result> {
  const session = trackSession(client)
  const serialize = createSerializer()
  const run = async (statement: Statement) => {
    session.check(statement.text)
    return serialize(() => opened.run(client, statement).catch(throwReadOnlyError))
  }
  const statements = createHandlerStatements(run, opened.log)
  return inReadOnlyTransaction(client, { session, begin, serialize, check }, async () => {
    try {
      const result = await reads(
        createSql(statements.run, { snapshot: refuseSnapshot, stream: refuseStream, copyInto: refuseCopy }),
      )
      if (statements.end() === 0) return result
      throw new Error('a statement of sql.snapshot was still running at its end; await it')
    } finally {
      statements.end()
    }
  })
}

const BEGIN = 'begin read only'
/** The select takes the snapshot at once: before there is one, a statement could still ask for a transaction that writes. */
const BEGIN_SNAPSHOT = 'begin isolation level repeatable read, read only; select'

interface ReadOnlyOptions {
  readonly session: Session
  readonly begin: string
  /** Gets what the server says to `begin`; throws where a replica is too far behind. */
  readonly check?: ((begun: Begun) => void) | undefined
  readonly serialize?: ReturnType<typeof createSerializer>
}

/** Runs `work` in a transaction that cannot write and leaves nothing on its connection. */
async function inReadOnlyTransaction<Result>(
  client: pg.PoolClient,
  { session, begin, check, serialize = createSerializer() }: ReadOnlyOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  const end = (word: 'commit' | 'rollback') => serialize(() => client.query(session.endStatement(word)))
  try {
    const begun = await client.query(begin)
    check?.(begun)
    return await work()
  } finally {
    // A transaction that has failed can only be rolled back; a connection where that fails, too, is not used again.
    await end('commit').catch(() => end('rollback').catch(() => destroyConnection(client)))
  }
}

interface ReadOnlyStatement extends Pick<ReadOnlyOptions, 'check'> {
  readonly statement: Statement
  /** The message that begins its transaction. */
  readonly begin: string
}

async function runReadOnly(
  opened: OpenedPostgres,
  client: pg.PoolClient,
  { statement, begin, check }: ReadOnlyStatement,
) {
  const session = trackSession(client)
  session.check(statement.text)
  if (session.isTouched()) {
    return inReadOnlyTransaction(client, { session, begin, check }, () =>
      opened.run(client, statement).catch(throwReadOnlyError),
    )
  }
  try {
    return await opened.run(client, statement, { send: (query) => sendAlone(client, query, { begin, check }) })
  } finally {
    // A function has changed a setting that the statement did not mention.
    if (session.isTouched()) await client.query(session.endStatement('rollback')).catch(() => destroyConnection(client))
  }
}

/** Sends BEGIN READ ONLY, the statement and COMMIT in one packet, so that the protection costs no round trip. */
async function sendAlone(
  client: pg.ClientBase,
  statement: pg.QueryConfig,
  { begin, check }: Pick<ReadOnlyOptions, 'begin' | 'check'>,
): Promise<pg.QueryResult> {
  const [, result] = await sendTogether(client, () => [
    client.query(begin).then(check),
    client.query(statement).catch(throwReadOnlyError),
    client.query('commit').catch(() => {}),
  ])
  return result
}

const throwReadOnlyError = (error: unknown): never => {
  throw toReadOnlyError(error)
}

const refuseSnapshot = () => {
  throw new TypeError('sql.snapshot is for requests that only read, and cannot be part of another one')
}
