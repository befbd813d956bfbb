import type { Socket } from 'node:net'
import { answerStatement, type StatementResult } from './answer-statement.ts'
import type { Column } from './sample-columns.ts'

/** A message of a client; those before the session starts have no type. */
export interface Message {
  readonly type: string
  readonly body: Buffer
}

/** The messages of a client until it ends (protocol 3, https://www.postgresql.org/docs/current/protocol-message-formats.html). */
export async function* messagesOf(socket: Socket): AsyncGenerator<Message, undefined> {
  let rest: Buffer = Buffer.alloc(0)
  let started = false
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const typeBytes = started ? 1 : 0
      if (rest.length < typeBytes + 4) break
      // The length includes itself, and not the type.
      const end = typeBytes + rest.readInt32BE(typeBytes)
      if (rest.length < end) break
      const message: Message = { type: rest.toString('latin1', 0, typeBytes), body: rest.subarray(typeBytes + 4, end) }
      rest = rest.subarray(end)
      started ||= message.body.readInt16BE() === 3
      yield message
    }
  }
}

/** Reads the parts of a message's body, one after the other. */
export function createReader(body: Buffer) {
  let at = 0
  const take = (bytes: number) => {
    at += bytes
    return body.subarray(at - bytes, at)
  }
  return {
    text: () => {
      const text = take(body.indexOf(0, at) - at).toString()
      at++
      return text
    },
    int16: () => take(2).readInt16BE(),
    int32: () => take(4).readInt32BE(),
    take,
    rest: () => take(body.length - at).toString(),
  }
}

type Field = Buffer | string

/** One message of the Postgres protocol: its type, its length, its fields. */
export function message(type: string, ...fields: readonly Field[]): Buffer {
  const body = Buffer.concat(fields.map((field) => (typeof field === 'string' ? Buffer.from(field) : field)))
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body])
}

/** A text with its terminator. */
export const text = (value: string) => `${value}\0`

/** A 16-bit number as the Postgres protocol writes it (big-endian). */
export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

/** A 32-bit number as the Postgres protocol writes it (big-endian). */
export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

interface Portal {
  readonly statement: string
  readonly values: readonly (string | null)[]
}

/** Creates a session, which answers the messages of an authenticated client: simple queries and the extended protocol. */
export function createPostgresSession(columns: readonly Column[]) {
  const statements = new Map<string, string>()
  const portals = new Map<string, Portal>()
  let transaction: 'T' | 'I' = 'I'

  const answerOf = ({ statement, values }: Portal) => answerStatement(statement, values, columns)
  const finish = (answer: StatementResult) => {
    transaction = answer.transaction ?? transaction
    return message('C', text(answer.tag))
  }
  const ready = () => message('Z', transaction)
  const portalOf = (name: string): Portal => portals.get(name) ?? { statement: '', values: [] }

  const handlers: Readonly<Record<string, (reader: ReturnType<typeof createReader>) => readonly Buffer[]>> = {
    Q: (reader) => {
      const answers = splitStatements(reader.text()).map((statement) => answerOf({ statement, values: [] }))
      const results = answers.flatMap((answer) => [
        ...(answer.columns ? [rowDescription(answer.columns)] : []),
        ...rowsOf(answer),
        finish(answer),
      ])
      return [...(results.length > 0 ? results : [message('I')]), ready()]
    },
    P: (reader) => {
      statements.set(reader.text(), reader.text())
      return [message('1')]
    },
    B: (reader) => {
      const portal = reader.text()
      portals.set(portal, { statement: statements.get(reader.text()) ?? '', values: readValues(reader) })
      return [message('2')]
    },
    D: (reader) => {
      const isStatement = reader.take(1).toString() === 'S'
      const name = reader.text()
      const described = answerOf(isStatement ? { statement: statements.get(name) ?? '', values: [] } : portalOf(name))
      const rows = described.columns ? rowDescription(described.columns) : message('n')
      return isStatement ? [message('t', int16(0)), rows] : [rows]
    },
    E: (reader) => {
      const answer = answerOf(portalOf(reader.text()))
      return [...rowsOf(answer), finish(answer)]
    },
    C: () => [message('3')],
    S: () => [ready()],
  }
  return ({ type, body }: Message): Buffer => Buffer.concat(handlers[type]?.(createReader(body)) ?? [])
}

/** The statements of a text; a semicolon in a literal does not end one. */
const splitStatements = (statements: string) =>
  statements.split(/;(?=(?:[^']*'[^']*')*[^']*$)/).filter((statement) => statement.trim() !== '')

function readValues({ int16, int32, take }: ReturnType<typeof createReader>): readonly (string | null)[] {
  for (let formats = int16(); formats > 0; formats--) int16()
  return Array.from({ length: int16() }, () => {
    const bytes = int32()
    return bytes < 0 ? null : take(bytes).toString()
  })
}

const UNSPECIFIED = Buffer.concat([int16(-1), int32(-1), int16(0)])

/** All values are texts, as the driver requests them. */
const rowDescription = (columns: readonly Column[]) =>
  message(
    'T',
    int16(columns.length),
    ...columns.flatMap(({ name, oid }) => [text(name), int32(0), int16(0), int32(oid), UNSPECIFIED]),
  )

function rowsOf({ columns = [], rows }: StatementResult): readonly Buffer[] {
  const values = columns.map(({ text: value }) => {
    if (value === null) return int32(-1)
    const bytes = Buffer.from(value)
    return Buffer.concat([int32(bytes.length), bytes])
  })
  return Array.from({ length: rows }, () => message('D', int16(columns.length), ...values))
}
