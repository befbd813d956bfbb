import type { FieldRule } from '../contract/index.ts'

/** How rows are written as lines of JSON. */
export interface LineRules {
  /** What each member takes, in the order in which they are written; columns that are none are left out. */
  readonly fields: Readonly<Record<string, FieldRule>>
  /** Writes a row of which it is not certain that it fits; throws where it does not. */
  readonly encode: (row: unknown) => string | Uint8Array
}

/** The name of the method by which a database's rows become lines of JSON without a value being made of each. */
export const TO_LINES = Symbol('ebb.rows.toLines')

/** Rows as they come, which can be lines as well: what data and http agree on without importing each other. */
export interface RowLines<Row> extends AsyncIterable<Row> {
  /** Some lines at a time, each with its end. */
  [TO_LINES](rules: LineRules): AsyncIterable<Buffer>
}
