import type pg from 'pg'

/** A COPY that takes its lines. */
interface CopyIn {
  /** Resolves when the server takes lines; rejects where it refuses the statement. */
  readonly started: Promise<void>
  /** Resolves to the number of rows that it has taken; rejects with its error, as soon as there is one. */
  readonly done: Promise<number>
  /** Sends some lines; resolves when others can be sent. */
  readonly write: (lines: string) => Promise<void> | undefined
  /** Says that there are no more. */
  readonly end: () => void
  /** Has the server give it up. */
  readonly fail: () => void
}

/** Begins a COPY … FROM STDIN on a connection (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY). */
export function startCopyIn(client: pg.ClientBase, text: string): CopyIn {
  const started = Promise.withResolvers<void>()
  const done = Promise.withResolvers<number>()
  // Whoever waits for the start learns of it there.
  done.promise.catch(() => {})
  let isTaking = false
  let rows = 0
  const { connection } = client as pg.Client
  const stop = (error: unknown) => {
    isTaking = false
    started.reject(error)
    done.reject(error)
  }
  // The methods that pg calls on a query; messages for its other methods cannot come.
  const query = {
    submit: (to: pg.Connection) => void to.query(text),
    handleCopyInResponse: () => {
      isTaking = true
      started.resolve()
    },
    handleCommandComplete: ({ text: tag }: { readonly text: string }) => {
      rows = Number(tag.split(' ').at(-1))
    },
    handleReadyForQuery: () => done.resolve(rows),
    handleError: stop,
  }
  // pg's types declare `submit` alone.
  client.query(query as pg.Submittable)
  const copy = connection as CopyConnection
  return {
    started: started.promise,
    done: done.promise,
    write: (lines) => {
      if (!isTaking) return undefined
      if (connection.stream.write(toMessage(lines))) return undefined
      return new Promise((resolve) => connection.stream.once('drain', resolve))
    },
    end: () => {
      if (isTaking) copy.endCopyFrom()
      isTaking = false
    },
    fail: () => {
      if (isTaking) copy.sendCopyFail('the rows have ended before their end')
      isTaking = false
    },
  }
}

/** What pg's own classes have for it, and its types leave out. */
interface CopyConnection extends pg.Connection {
  endCopyFrom(): void
  sendCopyFail(message: string): void
}

const HEAD_BYTES = 5

/** CopyData: its type, its length without that, and the lines, in one piece. */
function toMessage(lines: string): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + Buffer.byteLength(lines))
  bytes[0] = 0x64
  bytes.writeInt32BE(bytes.length - 1, 1)
  bytes.write(lines, HEAD_BYTES)
  return bytes
}
