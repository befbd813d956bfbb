import type pg from 'pg'
import { Problem } from '../contract/index.ts'
import type { Transaction, Unit } from '../kernel/index.ts'
import { borrow, type Lender } from './borrow.ts'
import { isAway } from './database-fault.ts'
import { claimKey, storeAnswer } from './idempotency.ts'
import { markSeen } from './inbox.ts'
import type { createNotifier } from './notify.ts'
import { appendEvents } from './outbox.ts'
import { createSql, type Run, type Sql } from './sql.ts'

export interface Postgres extends Lender {
  /** Tells the relay that the outbox has something. */
  readonly outbox: ReturnType<typeof createNotifier>
}

/** One request as one transaction, or, where it only reads, none at all. */
export const transact: Transaction<Sql, Postgres>['run'] = (opened, { readOnly, signal, timeoutMs }, work) =>
  readOnly
    ? work(pooledSql(opened, signal), READ_ONLY)
    : borrow(opened, { signal, timeoutMs }, async ({ client, holdOn }) => {
        const run = inTurn(client)
        let appended = false
        const unit = unitOn(client, run, () => {
          appended = true
        })
        await run(`begin; set local statement_timeout = ${Math.ceil(timeoutMs)}`, [])
        try {
          const result = await work(createSql(run, refuseSnapshot), unit)
          holdOn()
          await commit(run)
          if (appended) opened.outbox.notify()
          return result
        } catch (fault) {
          await run('rollback', []).catch(() => {})
          throw fault
        }
      })

/** Statements of a request that only reads: each on any connection of the pool. */
export function pooledSql(opened: Lender, signal: AbortSignal): Sql {
  const run: Run = (text, values) => borrow(opened, { signal }, ({ client }) => client.query(text, [...values]))
  return createSql(run, (reads) =>
    borrow(opened, { signal }, async ({ client }) => {
      const within = inTurn(client)
      await within('begin isolation level repeatable read, read only', [])
      try {
        return await reads(createSql(within, refuseSnapshot))
      } finally {
        await within('commit', []).catch(() => {})
      }
    }),
  )
}

/** Statements one after the other, however the handler awaits them. Without values a text may hold several. */
function inTurn(client: pg.ClientBase): Run {
  let last: Promise<unknown> = Promise.resolve()
  return (text, values) => {
    const next = last.then(() => (values.length > 0 ? client.query(text, [...values]) : client.query(text)))
    last = next.catch(() => {})
    return next
  }
}

function unitOn(client: pg.ClientBase, run: Run, onAppend: () => void): Unit {
  return {
    claim: async (claim) => {
      const claimed = await claimKey(client, claim)
      if (claimed.is === 'new') await run('savepoint ebb_claimed', [])
      return claimed
    },
    undo: async () => {
      await run('rollback to savepoint ebb_claimed', [])
    },
    complete: (claim, answer) => storeAnswer(client, claim, answer),
    append: async (events) => {
      if (events.length === 0) return
      await appendEvents(client, events)
      onAppend()
    },
    seen: (consumer, event) => markSeen(client, consumer, event),
  }
}

async function commit(run: Run) {
  const { command } = await run('commit', []).catch((fault: unknown) => {
    if (!isAway(fault)) throw fault
    const message = 'The connection broke while the result was being stored; look before you try again.'
    throw new Problem('outcome_unknown', 503, message, { cause: fault, retryAfterSeconds: 2 })
  })
  // Postgres answers COMMIT with ROLLBACK, and no error, where a statement had failed and somebody went on.
  if (command !== 'COMMIT')
    throw new Error('a statement of this transaction failed and the handler went on; nothing was stored')
}

const refuseSnapshot = () => {
  throw new TypeError('sql.snapshot is for requests that only read; this one runs in a transaction already')
}

const refuse = () => Promise.reject(new TypeError('a request that only reads has no unit of work'))
const READ_ONLY: Unit = { claim: refuse, undo: refuse, complete: refuse, append: refuse, seen: refuse }
