import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { Problem } from '../../contract/index.ts'
import type {
  StoredResponse,
  Transaction,
  TransactionOptions,
  TransactionWork,
  UnitOfWork,
} from '../../kernel/index.ts'
import { LATEST, POSITION_HEADER } from '../../protocol/index.ts'
import { claimKey, storeResponse } from '../idempotency.ts'
import { recordInInbox, storePendingEffects } from '../inbox.ts'
import { appendEvents } from '../outbox.ts'
import { insertPurges } from '../purges.ts'
import type { Statement } from '../values/write-parameters.ts'
import { beginAs } from './begin-as.ts'
import { destroyConnection } from './connection.ts'
import { isConflict, isTransactionAborted, isUnavailable } from './database-error.ts'
import { createHandlerStatements, createSerializer, type OpenedPostgres } from './handler-statements.ts'
import { createReadOnlySql } from './read-only.ts'
import { CLAIM_SAVEPOINT, trackSession } from './session.ts'
import { createSql, type Sql } from './sql.ts'
import { withConnection } from './with-connection.ts'

const MAX_RETRY_DELAY_MS = 50

/**
 * Runs one request as one transaction, or as statements that only read. A transaction that lost against another one
 * (serialization failure, deadlock, lock not available) runs once more after a random delay, if it may be repeated.
 */
export const transact: Transaction<Sql, OpenedPostgres>['run'] = async (opened, options, work) => {
  const { readOnly, repeatable } = options
  if (readOnly) {
    const { sql, end } = createReadOnlySql(opened, options)
    return work(sql, end)
  }
  try {
    return await transactOnce(opened, options, work)
  } catch (error) {
    if (!repeatable || !isConflict(error)) throw error
    await delay(Math.random() * MAX_RETRY_DELAY_MS)
    return transactOnce(opened, options, work)
  }
}

const transactOnce = <Result>(
  opened: OpenedPostgres,
  { signal, timeoutMs, tenant, onCommit }: TransactionOptions,
  work: TransactionWork<Sql, Result>,
) =>
  withConnection(opened, { signal, timeoutMs }, async ({ client, disableCancellation }) => {
    const serialize = createSerializer()
    const session = trackSession(client)
    const sendControl = (text: string) => serialize(() => client.query(text))
    const run = async (statement: Statement) => {
      session.check(statement.text)
      return serialize(() => opened.run(assertInTransaction(client), statement))
    }
    const statements = createHandlerStatements(run, opened.log)
    let hasEvents = false
    let hasPurges = false
    const unit = createUnit(client, sendControl, {
      hasReplica: opened.replica !== undefined,
      onAppend: () => {
        hasEvents = true
      },
      onPurge: () => {
        hasPurges = true
      },
    })
    const begin = beginAs(tenant, `begin; set local statement_timeout = ${Math.ceil(timeoutMs)}`)
    try {
      await sendControl(begin)
      const result = await work(createSql(statements.run, refuseSnapshot), statements.end, unit)
      disableCancellation()
      const asked = opened.replica === undefined ? '' : `; ${ASK_COMMITTED}`
      const results = await commit(
        () => serialize(() => assertInTransaction(client).query(session.endStatement('commit') + asked)),
        { hasReplica: opened.replica !== undefined },
      )
      const position: unknown = results.at(-1)?.rows[0]?.position
      if (typeof position === 'string') onCommit?.(position)
      if (hasEvents) opened.outbox.notify('events')
      if (hasPurges) opened.outbox.notify('purges')
      return result
    } catch (error) {
      await sendControl(session.endStatement('rollback')).catch(() => destroyConnection(client))
      throw error
    }
  })

type SendControl = (text: string) => Promise<pg.QueryResult>

interface UnitListeners {
  readonly hasReplica: boolean
  readonly onAppend: () => void
  readonly onPurge: () => void
}

function createUnit(
  client: pg.ClientBase,
  sendControl: SendControl,
  { hasReplica, onAppend, onPurge }: UnitListeners,
): UnitOfWork {
  return {
    claim: async (claim) => {
      const claimed = await claimKey(client, claim)
      if (claimed.status === 'new') await sendControl(`savepoint ${CLAIM_SAVEPOINT}`)
      return claimed
    },
    rollbackToClaim: async () => {
      await sendControl(`rollback to savepoint ${CLAIM_SAVEPOINT}`)
    },
    // Where in the log this commit will be is not known yet.
    complete: (claim, response) =>
      storeResponse(client, claim, hasReplica ? withHeader(response, POSITION_HEADER, LATEST) : response),
    append: async (events) => {
      if (events.length === 0) return
      await appendEvents(client, events)
      onAppend()
    },
    purge: async (tags) => {
      if (tags.length === 0) return
      await insertPurges(
        client,
        tags.map((value) => ({ kind: 'tag', value })),
      )
      onPurge()
    },
    recordInInbox: (event) => recordInInbox(client, event),
    storePendingEffects: (event, effects) => storePendingEffects(client, event, effects),
  }
}

const withHeader = (response: StoredResponse, name: string, value: string): StoredResponse => ({
  ...response,
  headers: { ...response.headers, [name]: value },
})

/** Goes in one message with COMMIT. What it says is no less than where this commit is in the log, flushed or not. */
const ASK_COMMITTED = 'select pg_current_wal_insert_lsn() as position'

async function commit(send: () => Promise<pg.QueryResult>, { hasReplica }: { readonly hasReplica: boolean }) {
  const sent = await send().catch((error: unknown) => {
    if (isTransactionAborted(error)) throw notStored(error)
    if (!isUnavailable(error)) throw error
    const message =
      'The connection broke while the result was being stored; check whether it took effect before you retry.'
    // The caller looks for it: where it would certainly be.
    const headers = hasReplica ? { [POSITION_HEADER]: LATEST } : {}
    throw new Problem('outcome_unknown', 503, message, { cause: error, retryAfterSeconds: 2, headers })
  })
  const results = [sent].flat()
  // Postgres answers COMMIT with ROLLBACK, and no error, where a statement had failed and the handler went on.
  if (!results.some(({ command }) => command === 'COMMIT')) throw notStored()
  return results
}

const notStored = (cause?: unknown) =>
  new Error('a statement of this transaction failed and the handler went on; nothing was stored', { cause })

/** Returns the same connection; throws where the server has said that the transaction is over before its time. */
function assertInTransaction(client: pg.PoolClient): pg.PoolClient {
  if (client.getTransactionStatus() !== 'I') return client
  destroyConnection(client)
  throw new Error('a statement of this handler has ended the transaction of its request; nothing more of it is stored')
}

const refuseSnapshot = () => {
  throw new TypeError('sql.snapshot is for requests that only read; this one runs in a transaction already')
}
