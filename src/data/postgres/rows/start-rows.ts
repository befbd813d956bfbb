import type pg from 'pg'
import type { Column } from '../../values/describe-statement.ts'
import type { WireValue } from '../../values/value-type.ts'
import { takeRows } from './take-rows.ts'

/** A statement as it is sent. */
export interface RowsQuery {
  readonly text: string
  readonly values: readonly (WireValue | null)[]
  /** By OID. */
  readonly parameters: readonly number[]
}

/** A statement that runs, and sends its rows no faster than they are taken. */
export interface RunningRows {
  /** Its columns, once the first rows are there, or the end. */
  columns(): readonly Column[]
  /** Messages of rows, whole; undefined after the last one. Rejects with the server's error. */
  next(): Promise<Buffer | undefined>
  /** Resolves when the server has sent all of it; never rejects. */
  readonly sent: Promise<void>
  /** Whether it has. */
  isSent(): boolean
  /** Drops what still comes, so that the answer to a cancel is found. */
  discard(): void
}

/** Runs a statement on a connection that does nothing else meanwhile, by the extended protocol: one portal, all of its rows. */
export function startRows(client: pg.ClientBase, { text, values, parameters }: RowsQuery): RunningRows {
  const { stream } = (client as pg.Client).connection
  const sent = Promise.withResolvers<void>()
  const waiting: Buffer[] = []
  let columns: readonly Column[] = []
  let [isDiscarding, isSent] = [false, false]
  let failure: { readonly error: unknown } | undefined
  let wake = () => {}
  const end = () => {
    isSent = true
    // pg reads on as ever.
    stream.resume()
    sent.resolve()
    wake()
  }
  const fail = (error: unknown) => {
    failure ??= { error }
    wake()
  }
  // The methods that pg calls on a query; messages for its other methods cannot come.
  const query = {
    submit: (connection: WireConnection) => {
      takeRows(stream, {
        onRows: (messages) => {
          if (isDiscarding) return
          waiting.push(messages)
          stream.pause()
          wake()
        },
        onEnd: end,
      })
      stream.cork()
      connection.parse({ name: '', text, types: [...parameters] })
      connection.bind({ portal: '', statement: '', values, valueMapper: (value) => value })
      connection.describe({ type: 'P', name: '' })
      connection.execute({ portal: '', rows: 0 })
      connection.sync()
      stream.uncork()
    },
    handleRowDescription: ({ fields }: { readonly fields: readonly Column[] }) => {
      columns = fields
    },
    handleCommandComplete: () => {},
    handleEmptyQuery: () => {},
    handleReadyForQuery: () => {},
    // The server's, or the end of the connection.
    handleError: (error: unknown) => {
      fail(error)
      if (stream.destroyed) end()
    },
  }
  // pg's types declare `submit` alone, with a connection whose methods they know in part.
  client.query(query as unknown as pg.Submittable)
  return {
    columns: () => columns,
    sent: sent.promise,
    isSent: () => isSent,
    next: async () => {
      for (;;) {
        const messages = waiting.shift()
        if (messages) return messages
        if (failure) throw failure.error
        if (isSent) return undefined
        const woken = Promise.withResolvers<void>()
        wake = woken.resolve
        stream.resume()
        await woken.promise
      }
    },
    discard: () => {
      isDiscarding = true
      waiting.length = 0
      stream.resume()
    },
  }
}

/** What pg's own connection has for it. */
interface WireConnection {
  parse(statement: { readonly name: string; readonly text: string; readonly types: number[] }): void
  bind(portal: {
    readonly portal: string
    readonly statement: string
    readonly values: readonly unknown[]
    readonly valueMapper: (value: unknown) => unknown
  }): void
  describe(portal: { readonly type: 'P'; readonly name: string }): void
  execute(portal: { readonly portal: string; readonly rows: number }): void
  sync(): void
}
