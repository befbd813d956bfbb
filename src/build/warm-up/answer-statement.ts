import type { Column } from './sample-columns.ts'

/** The result of a statement. */
export interface StatementResult {
  /** The command tag, such as `INSERT 0 1`. */
  readonly tag: string
  /** Undefined where the statement returns no rows by its kind. */
  readonly columns: readonly Column[] | undefined
  /** How many rows; all are the same. */
  readonly rows: number
  /** T in a transaction, I outside; undefined where that does not change. */
  readonly transaction: 'T' | 'I' | undefined
}

const MAX_ROWS = 100

/**
 * Answers any statement as though it found one row with these columns, or as many as its `limit` allows; the platform's own
 * tables are empty, and every lock is free.
 */
export function answerStatement(
  statement: string,
  values: readonly (string | null)[],
  columns: readonly Column[],
): StatementResult {
  const outline = outlineOf(statement)
  const [, verb = ''] = /\b(select|insert|update|delete|merge|values)\b/.exec(outline) ?? []
  if (!verb) return { ...transactionControl(outline), columns: undefined, rows: 0 }
  const rows = rowsOf(outline, values)
  const listed = verb === 'select' ? between(outline, /\bselect\b/, AFTER_LIST) : between(outline, /\breturning\b/, /$/)
  return {
    tag: verb === 'insert' ? 'INSERT 0 1' : `${verb.toUpperCase()} ${rows}`,
    columns: listed === undefined ? undefined : columnsOf(listed, columns),
    rows: listed === undefined ? 0 : rows,
    transaction: undefined,
  }
}

const AFTER_LIST = /\b(from|where|group|order|limit|union|for)\b|$/

/** The statement on one line and in lower case, without comments, literals, casts and what is in parentheses. */
function outlineOf(statement: string): string {
  let outline = statement
    .toLowerCase()
    .replaceAll(/--[^\n]*|\/\*.*?\*\//gs, ' ')
    .replaceAll(/'[^']*'/g, '?')
    .replaceAll(/::\w+(\[\])?/g, '')
  for (let length = 0; outline.length !== length; ) {
    length = outline.length
    outline = outline.replaceAll(/\([^()]*\)/g, ' ')
  }
  return outline.replaceAll(/\s+/g, ' ').trim()
}

function transactionControl(outline: string): Pick<StatementResult, 'tag' | 'transaction'> {
  const [first = '', second] = outline.split(' ')
  const tag = first === 'start' ? 'BEGIN' : first === 'end' ? 'COMMIT' : first.toUpperCase()
  if (tag === 'BEGIN') return { tag, transaction: 'T' }
  const isOver = tag === 'COMMIT' || (tag === 'ROLLBACK' && second !== 'to')
  return { tag, transaction: isOver ? 'I' : undefined }
}

function rowsOf(outline: string, values: readonly (string | null)[]): number {
  if (/^select .*\bfrom ebb\./.test(outline)) return 0
  const [, parameter, limit = values[Number(parameter) - 1] ?? 1] = /\blimit (?:\$(\d+)|(\d+))$/.exec(outline) ?? []
  return Math.min(Number(limit), MAX_ROWS) || 0
}

function between(outline: string, before: RegExp, after: RegExp): string | undefined {
  const start = before.exec(outline)
  const rest = start && outline.slice(start.index + start[0].length)
  return rest?.slice(0, rest.search(after)).trim()
}

/**
 * The columns of a select list: `*` is all known columns, and an unknown one has the value 1. A column that is named beside
 * a `*` is not in the table, though the contract knows it.
 */
function columnsOf(list: string, known: readonly Column[]): readonly Column[] {
  const items = list === '' ? [] : list.split(',').map((item) => item.trim())
  const columns = items.flatMap((item) => (item.endsWith('*') ? known : findColumn(item, known)))
  return [...new Map(columns.map((column) => [column.name, column])).values()]
}

function findColumn(item: string, known: readonly Column[]): Column {
  const [, name = '?column?'] = /(\w+)"? *$/.exec(item) ?? []
  const found = known.find((column) => column.name === name)
  if (found) return found
  if (/^(exists|not exists|pg_try_advisory_\w*lock)\b/.test(item)) return { name, oid: 16, text: 't' }
  return { name, oid: /^(count|sum|avg|min|max)\b/.test(item) ? 23 : 25, text: '1' }
}
