import type { Readable } from 'node:stream'

const DATA_ROW = 0x44
const READY = 0x5a
/** The type of a message, and its length without that. */
const HEAD_BYTES = 5

interface RowsTaker {
  /** Some messages of rows, whole. */
  readonly onRows: (messages: Buffer) => void
  /** All of them have come, or an error in their place. */
  readonly onEnd: () => void
}

/**
 * Takes the messages of rows out of what the server sends, up to the end of its answer: pg would make an object of each, and a text
 * of each value. All else goes on to pg. To be called before a statement is sent, when nothing else is under way.
 */
export function takeRows(stream: Readable, { onRows, onEnd }: RowsTaker): void {
  const others = stream.rawListeners('data') as ((chunk: Buffer) => void)[]
  const pass = (bytes: Buffer) => {
    for (const listener of others) listener.call(stream, bytes)
  }
  const pieces: Buffer[] = []
  let [length, needed] = [0, HEAD_BYTES]
  const take = (chunk: Buffer) => {
    pieces.push(chunk)
    length += chunk.length
    if (length < needed) return
    const bytes = pieces.length === 1 ? chunk : Buffer.concat(pieces)
    pieces.length = 0
    let [at, rows] = [0, 0]
    const flush = () => {
      if (rows < at) onRows(bytes.subarray(rows, at))
    }
    for (;;) {
      needed = bytes.length - at < HEAD_BYTES ? HEAD_BYTES : 1 + bytes.readUInt32BE(at + 1)
      if (bytes.length - at < needed) break
      const type = bytes[at]
      const end = at + needed
      if (type !== DATA_ROW) {
        flush()
        rows = end
        if (type === READY) {
          stream.off('data', take)
          for (const listener of others) stream.on('data', listener)
          onEnd()
          return pass(bytes.subarray(at))
        }
        pass(bytes.subarray(at, end))
      }
      at = end
    }
    flush()
    length = bytes.length - at
    if (length > 0) pieces.push(bytes.subarray(at))
  }
  for (const listener of others) stream.off('data', listener)
  stream.on('data', take)
}

/**
 * Calls `each` for every row of some messages, with where its first value begins; returns where the next row would. A value is four
 * bytes of length, -1 for NULL, and so many bytes of text.
 */
export function eachRow(messages: Buffer, each: (at: number) => void): void {
  // Behind the head stands the number of values, which all rows have in common.
  for (let at = 0; at < messages.length; at += 1 + messages.readUInt32BE(at + 1)) each(at + HEAD_BYTES + 2)
}

/** The texts of the rows in some messages. */
export function readTexts(messages: Buffer, columns: number): (string | null)[][] {
  const rows: (string | null)[][] = []
  eachRow(messages, (start) => void rows.push(readRowTexts(messages, start, columns)))
  return rows
}

/** The texts of one row, whose first value begins at `start`. */
export function readRowTexts(messages: Buffer, start: number, columns: number): (string | null)[] {
  let at = start
  return Array.from({ length: columns }, () => {
    const length = messages.readInt32BE(at)
    at += 4 + Math.max(length, 0)
    return length < 0 ? null : messages.toString('utf8', at - length, at)
  })
}
