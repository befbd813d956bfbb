import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { Problem } from '../contract/index.ts'
import type { Log, Transaction, Unit, Work } from '../kernel/index.ts'
import { borrow, type Lender, type Limits } from './borrow.ts'
import { CLAIMED } from './check-statement.ts'
import { destroyConnection } from './connection.ts'
import { isAborted, isAway, isConflict } from './database-fault.ts'
import { claimKey, storeAnswer } from './idempotency.ts'
import { markSeen, storeOutstanding } from './inbox.ts'
import type { createNotifier } from './notify.ts'
import { appendEvents } from './outbox.ts'
import { readOnlySql } from './read.ts'
import type { RunStatement } from './run-statement.ts'
import { openSession } from './session.ts'
import { createSql, type Sql } from './sql.ts'
import { inTurn, untilEnd } from './statements.ts'
import type { Statement } from './values/write-parameters.ts'

export interface Postgres extends Lender {
  /** Tells the relay that the outbox has something. */
  readonly outbox: ReturnType<typeof createNotifier>
  readonly log: Pick<Log, 'error'>
  readonly run: RunStatement
}

const MAX_PAUSE_MS = 50

/**
 * One request as one transaction, or as statements that only read. A transaction that lost against another one
 * (serialization failure, deadlock, lock not available) runs once more after a random pause, if it may be repeated.
 */
export const transact: Transaction<Sql, Postgres>['run'] = async (opened, options, work) => {
  const { readOnly, repeatable } = options
  if (readOnly) {
    const { sql, end } = readOnlySql(opened, options)
    return work(sql, end)
  }
  try {
    return await transactOnce(opened, options, work)
  } catch (fault) {
    if (!repeatable || !isConflict(fault)) throw fault
    await delay(Math.random() * MAX_PAUSE_MS)
    return transactOnce(opened, options, work)
  }
}

const transactOnce = <Result>(opened: Postgres, { signal, timeoutMs }: Required<Limits>, work: Work<Sql, Result>) =>
  borrow(opened, { signal, timeoutMs }, async ({ client, holdOn }) => {
    const turn = inTurn()
    const session = openSession(client)
    const control = (text: string) => turn(() => client.query(text))
    const run = async (statement: Statement) => {
      session.check(statement.text)
      return turn(() => opened.run(stillWithin(client), statement))
    }
    const statements = untilEnd(run, opened.log)
    let appended = false
    const unit = unitOn(client, control, () => {
      appended = true
    })
    await control(`begin; set local statement_timeout = ${Math.ceil(timeoutMs)}`)
    try {
      const result = await work(createSql(statements.run, refuseSnapshot), statements.end, unit)
      holdOn()
      await commit(() => turn(() => stillWithin(client).query(session.ending('commit'))))
      if (appended) opened.outbox.notify()
      return result
    } catch (fault) {
      await control(session.ending('rollback')).catch(() => destroyConnection(client))
      throw fault
    }
  })

type Control = (text: string) => Promise<pg.QueryResult>

function unitOn(client: pg.ClientBase, control: Control, onAppend: () => void): Unit {
  return {
    claim: async (claim) => {
      const claimed = await claimKey(client, claim)
      if (claimed.is === 'new') await control(`savepoint ${CLAIMED}`)
      return claimed
    },
    undo: async () => {
      await control(`rollback to savepoint ${CLAIMED}`)
    },
    complete: (claim, answer) => storeAnswer(client, claim, answer),
    append: async (events) => {
      if (events.length === 0) return
      await appendEvents(client, events)
      onAppend()
    },
    seen: (event) => markSeen(client, event),
    storeOutstanding: (event, effects) => storeOutstanding(client, event, effects),
  }
}

async function commit(send: () => Promise<pg.QueryResult>) {
  const sent = await send().catch((fault: unknown) => {
    if (isAborted(fault)) throw notStored(fault)
    if (!isAway(fault)) throw fault
    const message = 'The connection broke while the result was being stored; look before you try again.'
    throw new Problem('outcome_unknown', 503, message, { cause: fault, retryAfterSeconds: 2 })
  })
  // Postgres answers COMMIT with ROLLBACK, and no error, where a statement had failed and somebody went on.
  if ([sent].flat().at(-1)?.command !== 'COMMIT') throw notStored()
}

const notStored = (cause?: unknown) =>
  new Error('a statement of this transaction failed and the handler went on; nothing was stored', { cause })

/** The same connection, where the server has not said that the transaction is over before its time. */
function stillWithin(client: pg.PoolClient): pg.PoolClient {
  if (client.getTransactionStatus() !== 'I') return client
  destroyConnection(client)
  throw new Error('a statement of this handler has ended the transaction of its request; nothing more of it is stored')
}

const refuseSnapshot = () => {
  throw new TypeError('sql.snapshot is for requests that only read; this one runs in a transaction already')
}
