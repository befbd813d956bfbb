import type pg from 'pg'
import { borrow, type Limits } from './borrow.ts'
import { destroyConnection } from './connection.ts'
import { toReadProblem } from './database-fault.ts'
import { openSession, type Session } from './session.ts'
import { createSql, type Sql } from './sql.ts'
import { inTurn, untilEnd } from './statements.ts'
import type { Postgres } from './transaction.ts'
import type { Statement } from './values/write-parameters.ts'

/** Statements of a request that only reads: each on any connection of the pool, in a transaction that cannot write. */
export function readOnlySql(opened: Postgres, limits: Limits) {
  const statements = untilEnd(
    (statement) => borrow(opened, limits, ({ client }) => readOne(opened, client, statement)),
    opened.log,
  )
  return { sql: createSql(statements.run, snapshotOn(opened, limits)), end: statements.end }
}

const snapshotOn =
  (opened: Postgres, limits: Limits): Sql['snapshot'] =>
  (reads) =>
    borrow(opened, limits, ({ client }) => {
      const session = openSession(client)
      const turn = inTurn()
      const run = async (statement: Statement) => {
        session.check(statement.text)
        return turn(() => opened.run(client, statement).catch(explain))
      }
      const statements = untilEnd(run, opened.log)
      return reading(client, { session, begin: SNAPSHOT, turn }, async () => {
        try {
          const result = await reads(createSql(statements.run, refuseSnapshot))
          if (statements.end() === 0) return result
          throw new Error('a statement of sql.snapshot was still running at its end; await it')
        } finally {
          statements.end()
        }
      })
    })

/** It is taken at once: until there is one, a statement could still ask for a transaction that writes. */
const SNAPSHOT = 'begin isolation level repeatable read, read only; select'

interface Reading {
  readonly session: Session
  readonly begin: string
  readonly turn?: ReturnType<typeof inTurn>
}

/** Runs `work` in a transaction that cannot write, of which nothing is left. */
async function reading<Result>(
  client: pg.PoolClient,
  { session, begin, turn = inTurn() }: Reading,
  work: () => Promise<Result>,
): Promise<Result> {
  const end = (word: 'commit' | 'rollback') => turn(() => client.query(session.ending(word)))
  await client.query(begin)
  try {
    return await work()
  } finally {
    // What has failed can only be rolled back; a connection that cannot be is none to lend again.
    await end('commit').catch(() => end('rollback').catch(() => destroyConnection(client)))
  }
}

async function readOne(opened: Postgres, client: pg.PoolClient, statement: Statement) {
  const session = openSession(client)
  session.check(statement.text)
  if (session.isTouched()) {
    return reading(client, { session, begin: 'begin read only' }, () => opened.run(client, statement).catch(explain))
  }
  try {
    return await opened.run(client, statement, readAtOnce)
  } finally {
    // A function has changed a setting of which the statement said nothing.
    if (session.isTouched()) await client.query(session.ending('rollback')).catch(() => destroyConnection(client))
  }
}

/** BEGIN, the statement and COMMIT leave in one packet, so that to be held to reading costs no round trip. */
async function readAtOnce(client: pg.ClientBase, statement: pg.QueryConfig): Promise<pg.QueryResult> {
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
