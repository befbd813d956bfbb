import type pg from 'pg'
import { borrow, type Limits } from './borrow.ts'
import { toReadProblem } from './database-fault.ts'
import { createSql, type Sql } from './sql.ts'
import { inTurn, untilEnd } from './statements.ts'
import type { Postgres } from './transaction.ts'

/** Statements of a request that only reads: each on any connection of the pool, in a transaction that cannot write. */
export function readOnlySql(opened: Postgres, limits: Limits) {
  const statements = untilEnd(
    (statement) => borrow(opened, limits, ({ client }) => opened.run(client, statement, readOnce)),
    opened.log,
  )
  return { sql: createSql(statements.run, snapshotOn(opened, limits)), end: statements.end }
}

const snapshotOn =
  (opened: Postgres, limits: Limits): Sql['snapshot'] =>
  (reads) =>
    borrow(opened, limits, async ({ client }) => {
      const turn = inTurn()
      const statements = untilEnd((statement) => turn(() => opened.run(client, statement).catch(explain)), opened.log)
      await client.query('begin isolation level repeatable read, read only')
      try {
        const result = await reads(createSql(statements.run, refuseSnapshot))
        if (statements.end() > 0) throw new Error('a statement of sql.snapshot was still running at its end; await it')
        return result
      } finally {
        statements.end()
        await turn(() => client.query('commit')).catch(() => {})
      }
    })

/** BEGIN, the statement and COMMIT leave at once, so that to be held to reading costs no round trip. */
async function readOnce(client: pg.ClientBase, statement: pg.QueryConfig): Promise<pg.QueryResult> {
  // pg looks at it before each statement, and its types leave it out.
  const piped = client as pg.ClientBase & { pipeline: boolean }
  piped.pipeline = true
  try {
    const sent = [client.query('begin read only'), client.query(statement), client.query('commit')] as const
    const [begun, result] = await Promise.allSettled(sent)
    if (begun.status === 'rejected') throw begun.reason
    if (result.status === 'rejected') return explain(result.reason)
    return result.value
  } finally {
    piped.pipeline = false
  }
}

const explain = (fault: unknown): never => {
  throw toReadProblem(fault)
}

const refuseSnapshot = () => {
  throw new TypeError('sql.snapshot is for requests that only read, and is no part of another one')
}
