import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { Span } from '../../protocol/traces/span.ts'
import type { KeptTraces, TraceFilter } from '../../protocol/traces/trace-source.ts'

/** Reads the spans that this laptop keeps. */
export interface TraceReader {
  list(filter: TraceFilter): KeptTraces
  /** The spans of a trace, in the order in which they began; none where nothing is kept of it. */
  read(traceId: string): readonly Span[]
  /** The traces of the request that has this correlation id. */
  tracesOf(correlationId: string): readonly string[]
  close(): void
}

/** Opens the file that a store writes. Throws where there is none. */
export function openTraceReader(file: string): TraceReader {
  const database = new DatabaseSync(file, { readOnly: true })
  const ofCorrelation = database.prepare('select id from trace where correlation = ? order by started')
  const ofTrace = database.prepare('select * from span where trace = ? order by started, id')
  const sums = database.prepare('select min(started) as since, sum(dropped) as dropped from trace')
  return {
    list: (filter) => {
      const { since, dropped } = sums.get() ?? {}
      return {
        since: since === null ? null : isoOf(Number(since)),
        dropped: Number(dropped),
        ...list(database, filter),
      }
    },
    read: (traceId) => ofTrace.all(traceId).map(toSpan),
    tracesOf: (correlationId) => ofCorrelation.all(correlationId).map(({ id }) => String(id)),
    close: () => database.close(),
  }
}

function list(database: DatabaseSync, filter: TraceFilter): Pick<KeptTraces, 'traces' | 'next'> {
  const { status, cold, minMs, route, correlation, before, limit } = filter
  const [beforeStarted, beforeId] = before === undefined ? [] : readCursor(before)
  const given: readonly (readonly [condition: string, ...values: (SQLInputValue | undefined)[]])[] = [
    ['failed = ?', status === undefined ? undefined : Number(status === 'failed')],
    ['cold = ?', cold === undefined ? undefined : Number(cold)],
    ['ended - started >= ?', minMs === undefined ? undefined : minMs * 1_000],
    ['instr(lower(name), lower(?)) > 0', route],
    ['correlation = ?', correlation],
    ['(started, id) < (?, ?)', beforeStarted, beforeId],
  ]
  const used = given.filter(([, value]) => value !== undefined)
  const where = used.length === 0 ? '' : `where ${used.map(([condition]) => condition).join(' and ')}`
  const values = used.flatMap(([, ...all]) => all.flatMap((value) => (value === undefined ? [] : [value])))
  const found = database
    .prepare(`select ${COLUMNS} from trace ${where} order by started desc, id desc limit ?`)
    .all(...values, limit + 1)
  const rows = found.slice(0, limit)
  const last = rows.at(-1)
  return { traces: rows.map(toTrace), ...(found.length > limit && last ? { next: writeCursor(last) } : {}) }
}

const COLUMNS = `id, started, ended, name, part, status, correlation, failed, cold, spans,
  (select json_group_array(distinct part) from span where trace = trace.id) as parts`

/** Every column is one that the store writes. */
const toTrace = (row: Record<string, unknown>): KeptTraces['traces'][number] => ({
  ...{ traceId: String(row.id), name: String(row.name), part: String(row.part) },
  ...{ startedAt: isoOf(Number(row.started)), durationMs: (Number(row.ended) - Number(row.started)) / 1_000 },
  ...{ status: row.status === null ? null : Number(row.status), failed: row.failed === 1, cold: row.cold === 1 },
  ...{ spans: Number(row.spans), parts: JSON.parse(String(row.parts)) },
  correlationId: row.correlation === null ? null : String(row.correlation),
})

const toSpan = (row: Record<string, unknown>): Span => ({
  ...{ traceId: String(row.trace), spanId: String(row.id), part: String(row.part), name: String(row.name) },
  parentSpanId: row.parent === null ? null : String(row.parent),
  kind: row.kind as Span['kind'],
  ...{ startUs: Number(row.started), endUs: Number(row.ended), failed: row.failed === 1 },
  message: row.message === null ? null : String(row.message),
  attributes: JSON.parse(String(row.attributes)),
})

const isoOf = (microseconds: number) => new Date(microseconds / 1_000).toISOString()

const writeCursor = ({ started, id }: Record<string, unknown>) => `${started}-${id}`

/** A cursor that no list gave is before everything. */
function readCursor(cursor: string): readonly [started: number, id: string] {
  const [started = '', id = ''] = cursor.split('-')
  return [Number(started) || 0, id]
}
