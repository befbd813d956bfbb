import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Span, statusOf, textAttribute } from '../../protocol/traces/span.ts'

/** The file, in the data directory, that keeps the spans of this laptop. */
export const TRACES_FILE = 'traces/spans.sqlite'

/** Keeps the traces of the last hour, each as a whole or not at all. */
export interface TraceStore {
  /** Keeps spans, of which those that are there already change nothing. Throws where they cannot be written. */
  add(spans: readonly Span[]): void
  close(): void
}

interface TraceStoreOptions {
  /** How many spans are kept; the traces that ended first are forgotten. Default: 100,000. */
  readonly maxSpans?: number
  /** The largest that the file becomes. Default: 256 MiB. */
  readonly maxBytes?: number
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

const KEPT_MS = 3_600_000
const MAX_SPANS = 100_000
const MAX_BYTES = 256 * 1024 * 1024
/** Of one trace: a caller may send the same id with each of its requests. */
const MAX_SPANS_OF_TRACE = 2_000
/** How many spans may come before the oldest are forgotten. */
const SLACK_SPANS = 1_000
const MAX_ATTRIBUTES_CHARACTERS = 16 * 1024
const PAGE_BYTES = 4_096

/** Opens the store, and makes its file where there is none. Throws where that cannot be. */
export function openTraceStore(file: string, options: TraceStoreOptions = {}): TraceStore {
  const { maxSpans = MAX_SPANS, maxBytes = MAX_BYTES, now = Date.now } = options
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(file)
  database.exec(SCHEMA)
  database.exec(`pragma max_page_count = ${Math.floor(maxBytes / PAGE_BYTES)}`)
  const insert = database.prepare(INSERT)
  const merge = database.prepare(MERGE)
  const count = database.prepare('select spans from trace where id = ?')
  let sinceForgotten = SLACK_SPANS

  /** Whole traces: first those that are too old, then those that are more than is to be kept of so many. */
  function forget(keep: (total: number) => number) {
    database.exec('begin')
    forgetTraces(database, 'ended < ?', (now() - KEPT_MS) * 1_000)
    const { total } = database.prepare('select coalesce(sum(spans), 0) as total from trace').get() ?? {}
    const excess = Number(total) - keep(Number(total))
    if (excess > 0) forgetTraces(database, `id in (${OLDEST})`, excess)
    database.exec('commit')
    sinceForgotten = 0
  }

  function write(spans: readonly Span[]) {
    database.exec('begin')
    try {
      for (const [id, ofTrace] of Map.groupBy(spans, ({ traceId }) => traceId)) {
        const room = MAX_SPANS_OF_TRACE - Number(count.get(id)?.spans ?? 0)
        const fresh = ofTrace.slice(0, Math.max(room, 0)).filter((span) => insert.run(...toRow(span)).changes === 1)
        const first = fresh.toSorted((a, b) => a.startUs - b.startUs)[0]
        if (first)
          merge.run(...summarise(id, first, fresh), ofTrace.length - Math.min(Math.max(room, 0), ofTrace.length))
      }
      database.exec('commit')
    } catch (error) {
      // A full file has ended the transaction itself.
      if (database.isTransaction) database.exec('rollback')
      throw error
    }
  }

  return {
    add(spans) {
      sinceForgotten += spans.length
      if (sinceForgotten > SLACK_SPANS) forget(() => maxSpans)
      try {
        write(spans)
      } catch (error) {
        if (!isFull(error)) throw error
        forget((total) => total / 2)
        write(spans)
      }
    },
    close: () => database.close(),
  }
}

/** A reader does not wait for a writer; a power cut may cost the last spans. A trace's spans lie together. */
const SCHEMA = `
  pragma journal_mode = wal;
  pragma synchronous = off;
  pragma journal_size_limit = 4194304;
  create table if not exists trace (
    id text primary key,
    started integer not null,
    ended integer not null,
    name text not null,
    part text not null,
    status integer,
    correlation text,
    failed integer not null,
    cold integer not null,
    spans integer not null,
    dropped integer not null
  ) strict, without rowid;
  create index if not exists trace_started on trace (started, id);
  create index if not exists trace_ended on trace (ended);
  create index if not exists trace_correlation on trace (correlation) where correlation is not null;
  create table if not exists span (
    trace text not null,
    id text not null,
    parent text,
    part text not null,
    name text not null,
    kind text not null,
    started integer not null,
    ended integer not null,
    failed integer not null,
    message text,
    attributes text not null,
    primary key (trace, id)
  ) strict, without rowid;`

const INSERT = `
  insert into span (trace, id, parent, part, name, kind, started, ended, failed, message, attributes)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`

/** What began first names the trace; spans arrive in any order. */
const MERGE = `
  insert into trace (id, started, ended, name, part, status, correlation, failed, cold, spans, dropped)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  on conflict (id) do update set
    name = iif(excluded.started < started, excluded.name, name),
    part = iif(excluded.started < started, excluded.part, part),
    status = iif(excluded.started < started, excluded.status, status),
    correlation = coalesce(correlation, excluded.correlation),
    started = min(started, excluded.started), ended = max(ended, excluded.ended),
    failed = max(failed, excluded.failed), cold = max(cold, excluded.cold),
    spans = spans + excluded.spans, dropped = dropped + excluded.dropped`

/** The traces that ended first, which have so many spans and the fewest more. */
const OLDEST = `
  select id from (select id, sum(spans) over (order by ended, id) - spans as before from trace) where before < ?`

function forgetTraces(database: DatabaseSync, condition: string, value: number) {
  database.prepare(`delete from span where trace in (select id from trace where ${condition})`).run(value)
  database.prepare(`delete from trace where ${condition}`).run(value)
}

const isFull = (error: unknown) => /full/.test(String(Object(error).message))

function toRow(span: Span) {
  const attributes = JSON.stringify(span.attributes)
  return [
    ...[span.traceId, span.spanId, span.parentSpanId, span.part, span.name, span.kind, span.startUs, span.endUs],
    ...[Number(span.failed), span.message],
    attributes.length > MAX_ATTRIBUTES_CHARACTERS ? JSON.stringify(shorten(span.attributes)) : attributes,
  ]
}

const SHORT_CHARACTERS = 200
const shorten = (attributes: Span['attributes']) =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, String(value).slice(0, SHORT_CHARACTERS)]),
  )

function summarise(id: string, first: Span, spans: readonly Span[]) {
  const correlation = spans.map((span) => textAttribute(span, 'ebb.correlation_id')).find((found) => found)
  return [
    ...[id, first.startUs, spans.reduce((latest, { endUs }) => Math.max(latest, endUs), 0)],
    ...[first.name, first.part, statusOf(first), correlation ?? null],
    Number(spans.some(({ failed }) => failed)),
    Number(spans.some(({ attributes }) => attributes['faas.coldstart'] === true)),
    spans.length,
  ]
}
