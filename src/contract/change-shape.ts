import type * as z from 'zod'
import type { EventContract } from './event-shape.ts'

/**
 * What happens to rows of a table; `truncate` is one event for the whole table.
 * @example const written: readonly ChangeOperation[] = ['insert', 'update']
 */
export type ChangeOperation = 'insert' | 'update' | 'delete' | 'truncate'

/**
 * Which changes of a table are events, as `change()` takes it.
 * @example const shape: ChangeShape = { row: z.object({ id: z.uuid(), status: z.string() }), operations: ['insert', 'update'] }
 */
export interface ChangeShape<
  Row extends z.ZodObject = z.ZodObject,
  Operation extends ChangeOperation = ChangeOperation,
> {
  /**
   * The columns that the events have, by their names in camelCase, each as docs/values.md says that it is read. Columns that it does
   * not name are in no event.
   */
  readonly row: Row
  /** Which changes are events (default: insert, update and delete). All but `insert` and `truncate` need `replica identity full`. */
  readonly operations?: readonly Operation[]
  /** An update is an event where one of these columns has changed (default: any column of `row`). */
  readonly columns?: readonly (keyof z.output<Row> & string)[]
  /** What it says has happened, in one sentence, for the published documentation. */
  readonly summary?: string
}

/**
 * The data of a change's event, by `operation`. `before` and `after` are the row as it was and as it is.
 * @example const idOf = (data: ChangeData<{ id: string }, 'insert' | 'update'>) => data.after.id
 */
export type ChangeData<Row, Operation extends ChangeOperation> = {
  readonly insert: ChangePlace & { readonly operation: 'insert'; readonly after: Row }
  readonly update: ChangePlace & {
    readonly operation: 'update'
    /** The columns that differ. */
    readonly changed: string[]
    readonly before: Row
    readonly after: Row
  }
  readonly delete: ChangePlace & { readonly operation: 'delete'; readonly before: Row }
  readonly truncate: ChangePlace & { readonly operation: 'truncate' }
}[Operation]

/**
 * Where a change stands among all others.
 * @example const keyOf = ({ position, committedAt }: ChangePlace) => `${committedAt} ${position}`
 */
export interface ChangePlace {
  /** Its transaction's place in the write-ahead log and its number in that, such as `0/1A2B3C8/0`. */
  readonly position: string
  /** When its transaction was committed, by the clock of the database (RFC 3339). */
  readonly committedAt: string
}

/**
 * Which rows of which table a contract takes as events.
 * @example const tablesOf = (selections: readonly ChangeSelection[]) => selections.map(({ table }) => table)
 */
export interface ChangeSelection {
  /** `orders`, or with a schema other than `public` `billing.invoices`. */
  readonly table: string
  /** The names in `row`. */
  readonly row: readonly string[]
  /** The changes that are events. */
  readonly operations: readonly ChangeOperation[]
  /** An update is an event where one of these has changed. */
  readonly columns: readonly string[]
}

/**
 * The event of a table's changes, as `change()` returns it: `ebb.change.orders` for the table `orders`.
 * @example const tables = (events: readonly ChangeEvent[]) => events.map((event) => event.change.table)
 */
export type ChangeEvent<Data = unknown> = EventContract<{
  readonly type: string
  readonly data: z.ZodType<Data>
}> & {
  readonly change: ChangeSelection
}
