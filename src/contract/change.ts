import * as z from 'zod'
import type { ChangeData, ChangeEvent, ChangeOperation, ChangeSelection, ChangeShape } from './change-shape.ts'
import { PLATFORM_TYPES } from './event.ts'
import type { EventContract } from './event-shape.ts'
import { findUnsupported } from './schema/find-unsupported.ts'

/**
 * Takes the changes of a table's rows as events, whoever writes them: psql, another program, or a handler. Each committed change is
 * one event, in the order of commits within a primary key. Throws a TypeError, one sentence that says what to write instead.
 * @example
 * export default subscriber({
 *   name: 'index-order',
 *   summary: 'Bring an order into the search index.',
 *   on: change('orders', {
 *     row: z.object({ id: z.uuid(), status: z.string() }),
 *     operations: ['insert', 'update'],
 *     columns: ['status'],
 *   }),
 * })
 * @see docs/guide/45-change-events.md
 */
export function change<Row extends z.ZodObject, Operation extends ChangeOperation = 'insert' | 'update' | 'delete'>(
  table: string,
  shape: ChangeShape<Row, Operation>,
): ChangeEvent<ChangeData<z.output<Row>, Operation>> {
  const { row, summary } = shape
  const refuse = (broken: boolean, sentence: string) => {
    if (broken) throw new TypeError(`change of "${table}": ${sentence}`)
  }
  checkTable(table, refuse)
  const unknown = Object.keys(shape).find((key) => !KEYS.includes(key))
  refuse(unknown !== undefined, `unknown property \`${unknown}\`; allowed: ${KEYS.join(', ')}`)
  refuse(
    !(row instanceof z.ZodObject) || Object.keys(row.shape).length === 0,
    'write in `row` a z.object() of the columns that the events are to have',
  )
  const issue = findUnsupported(row, 'both')
  refuse(issue !== undefined, `in row, ${issue}`)
  const selection = select(table, shape)
  checkSelection(selection, refuse)
  return Object.freeze({
    kind: 'event' as const,
    type: typeOfTable(table),
    // An object for each operation, of which `operation` says the name: what the type says of each.
    data: dataOf(row, selection.operations) as z.ZodType<ChangeData<z.output<Row>, Operation>>,
    ...(summary === undefined ? {} : { summary }),
    change: Object.freeze(selection),
  })
}

const KEYS = ['row', 'operations', 'columns', 'summary']
const OPERATIONS: readonly ChangeOperation[] = ['insert', 'update', 'delete', 'truncate']
const TABLE = /^([a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*$/
/** As Postgres truncates names. */
const MAX_NAME_LENGTH = 63
const CLOSED_SCHEMAS: ReadonlySet<string> = new Set(['ebb', 'pg_catalog', 'information_schema'])

type Refuse = (broken: boolean, sentence: string) => void

/** Whether an event is that of a table's changes. */
export const isChange = (event: EventContract): event is ChangeEvent => 'change' in event

/** The CloudEvents `type` of a table's changes. */
const typeOfTable = (table: string): string => `${PLATFORM_TYPES}change.${table}`

function checkTable(table: string, refuse: Refuse) {
  const names = String(table).split('.')
  const fits = TABLE.test(table) && names.every((name) => name.length <= MAX_NAME_LENGTH)
  refuse(!fits, 'name the table in lower case, such as orders or billing.invoices')
  const [schema = ''] = names.length > 1 ? names : []
  refuse(schema === 'public', `write ${names[1]}, without the schema, which is \`public\` by default`)
  refuse(CLOSED_SCHEMAS.has(schema), `the tables of ${schema} are none of a team's`)
}

function select(table: string, { row, operations, columns }: ChangeShape): ChangeSelection {
  const names = row instanceof z.ZodObject ? Object.keys(row.shape) : []
  return { table, row: names, operations: operations ?? ['insert', 'update', 'delete'], columns: columns ?? names }
}

function checkSelection({ row, operations, columns }: ChangeSelection, refuse: Refuse) {
  const fits = Array.isArray(operations) && operations.length > 0 && new Set(operations).size === operations.length
  refuse(
    !fits || operations.some((one) => !OPERATIONS.includes(one)),
    `\`operations\` must be some of ${OPERATIONS.join(', ')}, each once`,
  )
  const others = Array.isArray(columns) ? columns.filter((name) => !row.includes(name)) : []
  refuse(
    !Array.isArray(columns) || columns.length === 0 || others.length > 0,
    `\`columns\` must name some of \`row\`${others.length > 0 ? `, which has no ${others.join(', ')}` : ''}`,
  )
  refuse(
    columns.length < row.length && !operations.includes('update'),
    '`columns` is about updates, and `operations` has none',
  )
}

function dataOf(row: z.ZodObject, operations: readonly ChangeOperation[]): z.ZodType {
  const place = { position: z.string(), committedAt: z.iso.datetime() }
  const rows = {
    insert: { after: row },
    update: { changed: z.array(z.string()), before: row, after: row },
    delete: { before: row },
    truncate: {},
  }
  const [first, ...others] = operations.map((operation) =>
    z.object({ operation: z.literal(operation), ...rows[operation], ...place }),
  )
  return first && others.length > 0 ? z.discriminatedUnion('operation', [first, ...others]) : (first ?? z.never())
}
