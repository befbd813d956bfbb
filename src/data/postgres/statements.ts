import { readTable, type StatementResult, type Table } from '../values/read-rows.ts'
import { refuseUnsendable, type Statement } from '../values/write-parameters.ts'

/** Runs one statement and returns its result. */
export type ExecuteStatement = (statement: Statement) => Promise<StatementResult>

/**
 * The statements of one request, for an SQL tool: they run where the handler's `sql` runs its own, and are refused as those are.
 * @example const now = async (statements: Statements) => (await statements.run('select now()', [])).rows[0]?.[0]
 */
export interface Statements {
  /**
   * Runs one statement, with `$1` for its first value. A string is the text of any type, and what is read is as docs/values.md
   * says.
   */
  run(text: string, values: readonly unknown[]): Promise<Table>
  /**
   * Begins what a tool calls a transaction: a savepoint in that of the request. Until it has ended, statements run by what this
   * resolves to. Rejects in a request that only reads.
   */
  savepoint(): Promise<Savepoint>
}

/**
 * The statements since a savepoint.
 * @example
 * const attempt = async (statements: Statements, work: (statements: Statements) => Promise<void>) => {
 *   const savepoint = await statements.savepoint()
 *   await work(savepoint).then(savepoint.release, savepoint.rollback)
 * }
 */
export interface Savepoint extends Statements {
  /** Keeps what was done since then, for the request's own commit. */
  release(): Promise<void>
  /** Undoes what was done since then. */
  rollback(): Promise<void>
}

interface StatementsOptions {
  /** Whether all of them are of one transaction. */
  readonly isTransaction: boolean
}

/** Creates the statements of a tool, on top of what runs one. */
export const createStatements = (run: ExecuteStatement, { isTransaction }: StatementsOptions): Statements =>
  createLevel(run, { isTransaction, depth: 0, isOver: () => false }).statements

interface LevelOptions extends StatementsOptions {
  readonly depth: number
  /** Whether what it is within has ended. */
  readonly isOver: () => boolean
}

/** The statements between a savepoint, or the beginning, and its end. A savepoint within is a level of its own. */
function createLevel(run: ExecuteStatement, { isTransaction, depth, isOver }: LevelOptions) {
  let state: 'open' | 'busy' | 'ended' = 'open'
  const hasEnded = () => state === 'ended' || isOver()
  const check = () => {
    if (hasEnded()) throw new Error(ENDED)
    if (state === 'busy') throw new Error(BUSY)
  }
  const send = (text: string) => run({ text, values: [] })
  const begin = async (): Promise<Savepoint> => {
    check()
    if (!isTransaction) throw new TypeError(READS)
    const name = `ebb_part_${depth + 1}`
    const inner = createLevel(run, { isTransaction, depth: depth + 1, isOver: hasEnded })
    const finish = async (text: string) => {
      inner.end()
      await send(text)
      state = 'open'
    }
    // At once: what comes before the answer would be within it.
    state = 'busy'
    await send(`savepoint ${name}`).catch((error: unknown) => {
      state = 'open'
      throw error
    })
    return {
      ...inner.statements,
      release: async () => {
        inner.check()
        await finish(`release savepoint ${name}`)
      },
      rollback: () => finish(`rollback to savepoint ${name}`),
    }
  }
  const statements: Statements = {
    run: async (text, values) => {
      check()
      const statement = { text, values, isTools: true }
      refuseUnsendable(statement)
      return readTable(await run(statement))
    },
    savepoint: begin,
  }
  const end = () => {
    state = 'ended'
  }
  return { statements, check, end }
}

const ENDED = 'this transaction() has ended; await each of its statements within it'
const BUSY =
  'a transaction() is open: run this statement by what that gave you, or await its end, since on one connection it would be undone with it'
const READS =
  'a request that only reads (GET, HEAD, or `reads: true`) runs each statement by itself and has no transaction(); for reads that must agree with each other use sql.snapshot'
