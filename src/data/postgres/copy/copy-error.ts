interface CopyFault {
  /** The number of the row, from 1 on. */
  readonly row: number
  readonly column: string | undefined
  readonly code?: string | undefined
  readonly cause?: unknown
}

/**
 * What `sql.copyInto` rejects with where one of the rows cannot be stored: none of them is. Its message names the row and, where it
 * is known, the column, and shows no value.
 * @example
 * const explain = (error: unknown) => (error instanceof CopyError ? `Row ${error.row} is wrong.` : undefined)
 * @see docs/guide/39-pipelines.md
 */
export class CopyError extends Error {
  /** Tells it from other errors. */
  override readonly name = 'CopyError'
  /** The number of the row, from 1 on. */
  readonly row: number
  /** The column's name in the database; undefined where a constraint of the table is broken that names none. */
  readonly column: string | undefined
  /** Postgres' code (SQLSTATE), such as `23505`; undefined where the value was not sent. */
  readonly code: string | undefined

  constructor(why: string, { row, column, code, cause }: CopyFault) {
    super(`row ${row}${column === undefined ? '' : `, column ${column}`}: ${why}`, { cause })
    this.row = row
    this.column = column
    this.code = code
  }
}

const ROW_LEVEL_SECURITY = /^COPY FROM not supported with row-level security/
const PLACE = /^COPY .*?, line (\d+)(?:, column ([^:\n]+):)?/m
const KEY = /^Key \(([^)]+)\)=/

/** Names the row of an error that the server reports about one; any other is returned as it is. */
export function toCopyError(error: unknown): unknown {
  // By shape: an error may come from another realm.
  const { message, where, column, code, detail } = Object(error) as Readonly<Record<string, string | undefined>>
  if (message !== undefined && ROW_LEVEL_SECURITY.test(message)) {
    const sentence =
      "rows cannot be copied into a tenant's table: insert them, as in `insert … select … from unnest(…)`"
    return new Error(sentence, { cause: error })
  }
  const [, row, named] = PLACE.exec(where ?? '') ?? []
  if (row === undefined) return error
  const [, key] = KEY.exec(detail ?? '') ?? []
  // Of what cannot be read, the message ends with the value, which may be a secret that must not be logged.
  const why = code?.startsWith('22') ? String(message).replace(/: ".*/s, '') : String(message)
  return new CopyError(why, { row: Number(row), column: named ?? column ?? key, code, cause: error })
}
