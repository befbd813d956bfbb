import { answerStatement, type StatementAnswer } from './answer-statement.ts'
import { createReader, int16, int32, type Message, message, text } from './postgres-messages.ts'
import type { Column } from './sample-columns.ts'

interface Portal {
  readonly statement: string
  readonly values: readonly (string | null)[]
}

/** Answers what a client says once it is let in: simple queries and the extended protocol. */
export function postgresSession(columns: readonly Column[]) {
  const statements = new Map<string, string>()
  const portals = new Map<string, Portal>()
  let transaction: 'T' | 'I' = 'I'

  const answerOf = ({ statement, values }: Portal) => answerStatement(statement, values, columns)
  const finish = (answer: StatementAnswer) => {
    transaction = answer.transaction ?? transaction
    return message('C', text(answer.tag))
  }
  const ready = () => message('Z', transaction)
  const portalOf = (name: string): Portal => portals.get(name) ?? { statement: '', values: [] }

  const handlers: Readonly<Record<string, (reader: ReturnType<typeof createReader>) => readonly Buffer[]>> = {
    Q: (reader) => {
      const answers = split(reader.text()).map((statement) => answerOf({ statement, values: [] }))
      const results = answers.flatMap((answer) => [
        ...(answer.columns ? [describe(answer.columns)] : []),
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
      const rows = described.columns ? describe(described.columns) : message('n')
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

/** The statements of a text; a semicolon in a literal ends none. */
const split = (statements: string) =>
  statements.split(/;(?=(?:[^']*'[^']*')*[^']*$)/).filter((statement) => statement.trim() !== '')

function readValues({ int16, int32, take }: ReturnType<typeof createReader>): readonly (string | null)[] {
  for (let formats = int16(); formats > 0; formats--) int16()
  return Array.from({ length: int16() }, () => {
    const bytes = int32()
    return bytes < 0 ? null : take(bytes).toString()
  })
}

const UNSPECIFIED = Buffer.concat([int16(-1), int32(-1), int16(0)])

/** All values are texts: so the driver asks for them. */
const describe = (columns: readonly Column[]) =>
  message(
    'T',
    int16(columns.length),
    ...columns.flatMap(({ name, oid }) => [text(name), int32(0), int16(0), int32(oid), UNSPECIFIED]),
  )

function rowsOf({ columns = [], rows }: StatementAnswer): readonly Buffer[] {
  const values = columns.map(({ text: value }) => {
    if (value === null) return int32(-1)
    const bytes = Buffer.from(value)
    return Buffer.concat([int32(bytes.length), bytes])
  })
  return Array.from({ length: rows }, () => message('D', int16(columns.length), ...values))
}
