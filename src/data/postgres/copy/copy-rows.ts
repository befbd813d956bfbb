import type pg from 'pg'
import { startCopyIn } from './copy-in.ts'
import type { WriteRow } from './write-row.ts'

/** What `sql.copyInto` takes. */
export type CopiedRows = AsyncIterable<object> | Iterable<object>

interface CopyOptions {
  readonly write: WriteRow
  readonly signal: AbortSignal
}

/** Up to this many characters are sent together. */
const PIECE_LENGTH = 32 * 1024

/**
 * Sends rows to a COPY, no faster than the server takes them, and resolves to their number. Where a row cannot be written, the
 * rows end with an error, the server refuses one, or the signal aborts, the COPY is given up and the connection is as before.
 */
export async function copyRows(client: pg.ClientBase, text: string, rows: CopiedRows, options: CopyOptions) {
  const { signal, write } = options
  const iterator = iteratorOf(rows)
  const copy = startCopyIn(client, text)
  await copy.started
  signal.addEventListener('abort', copy.fail)
  let isOver = false
  let reason: { readonly error: unknown } | undefined
  const sendAll = async () => {
    let [piece, number] = ['', 0]
    for (let next = await iterator.next(); !next.done && !isOver; next = await iterator.next()) {
      piece += write(next.value, ++number)
      if (piece.length < PIECE_LENGTH) continue
      const taken = copy.write(piece)
      piece = ''
      if (taken) await taken
    }
    if (isOver) return
    await copy.write(piece)
    copy.end()
  }
  const sending = sendAll().catch(async (error: unknown) => {
    // The server confirms that by an error, which says less.
    reason = { error }
    copy.fail()
    await copy.done.catch(() => {})
  })
  try {
    signal.throwIfAborted()
    // The server's error comes while rows are waited for, which may never end.
    await Promise.race([sending, copy.done])
    return await copy.done
  } catch (error) {
    copy.fail()
    void Promise.resolve(iterator.return?.()).catch(() => {})
    signal.throwIfAborted()
    throw reason ? reason.error : error
  } finally {
    isOver = true
    signal.removeEventListener('abort', copy.fail)
  }
}

const iteratorOf = (rows: CopiedRows): AsyncIterator<object> | Iterator<object> =>
  Symbol.asyncIterator in rows ? rows[Symbol.asyncIterator]() : rows[Symbol.iterator]()
