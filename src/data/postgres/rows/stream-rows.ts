import type pg from 'pg'
import { withTimeout } from '../../../kernel/promises.ts'
import { type LineRules, type RowLines, TO_LINES } from '../../../kernel/row-lines.ts'
import { readRows } from '../../values/read-rows.ts'
import type { Statement } from '../../values/write-parameters.ts'
import { toTenantError } from '../begin-as.ts'
import { destroyConnection, sendCancelRequest } from '../connection.ts'
import { toProblem } from '../database-error.ts'
import { publishStatement } from '../publish-statements.ts'
import type { PreparedRows, RunStatement } from '../run-statement.ts'
import { createLineWriter } from './line-writer.ts'
import { type RunningRows, startRows } from './start-rows.ts'
import { readTexts } from './take-rows.ts'

/** Runs `work` in a transaction that only reads, on a connection of its own. */
export type OnConnection = (work: (client: pg.ClientBase) => Promise<void>, text: string) => Promise<void>

interface StreamingOptions {
  readonly run: RunStatement
  readonly signal: AbortSignal
  readonly onConnection: OnConnection
  /** Has what runs count as a statement of its handler. */
  readonly during: (work: () => Promise<void>) => () => Promise<void>
}

/** Within this the server must have given up what it was sending. */
const CANCEL_MS = 1_000

/** The rows of one request that come as they are taken: of one statement at a time, and no other runs meanwhile. */
export function createStreaming({ run, signal, onConnection, during }: StreamingOptions) {
  let isOpen = false
  /** Throws while rows are taken: the request would wait for a second connection. */
  const check = () => {
    if (isOpen) throw new TypeError(OPEN)
  }

  /** Messages of rows, as long as somebody takes them. */
  async function* read(statement: Statement): AsyncGenerator<Rows> {
    check()
    isOpen = true
    const started = Promise.withResolvers<Omit<Rows, 'messages'>>()
    const over = Promise.withResolvers<void>()
    const work = (client: pg.ClientBase) =>
      publishStatement(client, statement.text, async () => {
        const prepared = await run.prepare(client, statement)
        const running = startRows(client, prepared)
        signal.addEventListener('abort', running.discard)
        started.resolve({ prepared, running })
        await Promise.race([over.promise, running.sent])
        signal.removeEventListener('abort', running.discard)
        await endRows(client, running, signal)
      })
    const done = during(() => onConnection(work, statement.text))()
    done.catch(started.reject)
    try {
      const { prepared, running } = await started.promise
      for (;;) {
        const messages = await running.next().catch((error: unknown) => {
          throw prepared.named(error)
        })
        if (!messages) break
        yield { prepared, running, messages }
      }
      over.resolve()
      await done
    } catch (error) {
      signal.throwIfAborted()
      throw toProblem(toTenantError(error))
    } finally {
      over.resolve()
      await done.catch(() => {})
      isOpen = false
    }
  }

  async function* rowsOf(statement: Statement): AsyncGenerator<object> {
    for await (const { prepared, running, messages } of read(statement)) {
      const fields = running.columns()
      yield* readRows({ unread: { fields, rows: readTexts(messages, fields.length) }, catalog: prepared.catalog })
    }
  }

  async function* linesOf(statement: Statement, rules: LineRules): AsyncGenerator<Buffer> {
    let write: ReturnType<typeof createLineWriter> | undefined
    for await (const { prepared, running, messages } of read(statement)) {
      write ??= createLineWriter({ ...rules, columns: running.columns(), catalog: prepared.catalog })
      yield write(messages)
    }
  }

  const stream = (statement: Statement): RowLines<object> => ({
    [Symbol.asyncIterator]: () => rowsOf(statement),
    [TO_LINES]: (rules) => linesOf(statement, rules),
  })
  return { check, stream }
}

interface Rows {
  readonly prepared: PreparedRows
  readonly running: RunningRows
  readonly messages: Buffer
}

const OPEN = 'no other statement runs while the rows of sql.stream are taken; join what they need, or read it before'

/**
 * Waits for the end of what a server sends; has it end first, where nobody takes the rest. No cancel request outlives it:
 * a late one would end a statement of the connection's next user. An aborted request has one under way already.
 */
async function endRows(client: pg.ClientBase, running: RunningRows, signal: AbortSignal): Promise<void> {
  if (running.isSent()) return
  running.discard()
  const cancelled = signal.aborted ? true : sendCancelRequest(client)
  const ended = withTimeout(CANCEL_MS, Promise.all([cancelled, running.sent]))
  if (!(await ended.then(([done]) => done).catch(() => false))) destroyConnection(client as pg.Client)
}

/** The `stream` of a request that is one transaction. */
export const refuseStream = (): never => {
  throw new TypeError('sql.stream is for requests that only read: make it a GET, or say `reads: true`')
}
