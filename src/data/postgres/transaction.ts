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
import { recordAllInInbox, removeFromInbox } from '../inbox-batch.ts'
import { appendEvents } from '../outbox.ts'
import { insertPurges } from '../purges.ts'
import type { Statement } from '../values/write-parameters.ts'
import { beginAs } from './begin-as.ts'
import { destroyConnection } from './connection.ts'
import { createCopying } from './copy/copy-into.ts'
import { isConflict, isTransactionAborted, isUnavailable } from './database-error.ts'
import { createHandlerStatements, type OpenedPostgres } from './handler-statements.ts'
import { createPackets } from './packets.ts'
import { createReadOnlySql } from './read-only.ts'
import { refuseStream } from './rows/stream-rows.ts'
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
    const packets = createPackets(client)
    const session = trackSession(client)
    let hasBegun = false
    const run = async (statement: Statement) => {
      session.check(statement.text)
      copying.check()
      return packets.inTurn(({ send, flush }) => {
        assertOpen()
        return opened.run(client, statement, {
          send: (query) => send(() => client.query(query)),
          beforeDescribing: flush,
        })
      })
    }
    const statements = createHandlerStatements(run, opened.log)
    const assertOpen = () => void (hasBegun && assertInTransaction(client))
    const copying = createCopying({ client, packets, assertOpen, run: opened.run, signal, timeoutMs })
    let hasEvents = false
    let hasPurges = false
    const unit = createUnit(client, packets, {
      hasReplica: opened.replica !== undefined,
      onAppend: () => {
        hasEvents = true
      },
      onPurge: () => {
        hasPurges = true
      },
    })
    const begin = beginAs(tenant, `begin; set local statement_timeout = ${Math.ceil(timeoutMs)}`)
    packets.defer(() => {
      hasBegun = true
      return client.query(begin)
    })
    try {
      const tools = {
        snapshot: refuseSnapshot,
        stream: refuseStream,
        copyInto: statements.during(copying.into),
        isTransaction: true,
      }
      const result = await work(createSql(statements.run, tools), statements.end, unit)
      disableCancellation()
      // Only BEGIN waits: there is nothing to commit.
      if (!hasBegun && packets.waiting() === 1) return result
      if (hasBegun) assertInTransaction(client)
      const asked = opened.replica === undefined ? '' : `; ${ASK_COMMITTED}`
      const results = await commit(() => packets.send(() => client.query(session.endStatement('commit') + asked)), {
        hasReplica: opened.replica !== undefined,
      })
      const position: unknown = results.at(-1)?.rows[0]?.position
      if (typeof position === 'string') onCommit?.(position)
      if (hasEvents) opened.outbox.notify('events')
      if (hasPurges) opened.outbox.notify('purges')
      return result
    } catch (error) {
      packets.forget()
      const rollback = () => client.query(session.endStatement('rollback'))
      if (hasBegun) await packets.send(rollback).catch(() => destroyConnection(client))
      throw error
    }
  })

interface UnitOptions {
  readonly hasReplica: boolean
  readonly onAppend: () => void
  readonly onPurge: () => void
}

/** What changes something and answers nothing goes with the COMMIT. */
function createUnit(
  client: pg.ClientBase,
  { send, defer }: ReturnType<typeof createPackets>,
  { hasReplica, onAppend, onPurge }: UnitOptions,
): UnitOfWork {
  return {
    claim: async (claim) => {
      const claimed = await send(() => claimKey(client, claim))
      if (claimed.status === 'new') defer(() => client.query(`savepoint ${CLAIM_SAVEPOINT}`))
      return claimed
    },
    rollbackToClaim: async () => defer(() => client.query(`rollback to savepoint ${CLAIM_SAVEPOINT}`)),
    // Where in the log this commit will be is not known yet.
    complete: async (claim, response) => {
      const stored = hasReplica ? withHeader(response, POSITION_HEADER, LATEST) : response
      defer(() => storeResponse(client, claim, stored))
    },
    append: async (events) => {
      if (events.length === 0) return
      // The place in a partition is waited for, which a deadline may end, and a COMMIT may not.
      const waitsForOthers = events.some(({ partition }) => partition !== undefined)
      if (waitsForOthers) await send(() => appendEvents(client, events))
      else defer(() => appendEvents(client, events))
      onAppend()
    },
    purge: async (tags) => {
      if (tags.length === 0) return
      const purges = tags.map((value) => ({ kind: 'tag' as const, value }))
      defer(() => insertPurges(client, purges))
      onPurge()
    },
    recordInInbox: (event) => send(() => recordInInbox(client, event)),
    recordAllInInbox: (events) => send(() => recordAllInInbox(client, events)),
    removeFromInbox: async (events) => defer(() => removeFromInbox(client, events)),
    storePendingEffects: async (event, effects) => defer(() => storePendingEffects(client, event, effects)),
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

/** Throws where the server has said that the transaction is over before its time. */
function assertInTransaction(client: pg.PoolClient): void {
  if (client.getTransactionStatus() !== 'I') return
  destroyConnection(client)
  throw new Error('a statement of this handler has ended the transaction of its request; nothing more of it is stored')
}

const refuseSnapshot = () => {
  throw new TypeError('sql.snapshot is for requests that only read; this one runs in a transaction already')
}
