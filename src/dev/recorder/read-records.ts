import { join } from 'node:path'
import type { LogLine } from '../../protocol/story/evidence.ts'
import { beginOf } from '../../protocol/story/line-time.ts'
import type { Span } from '../../protocol/traces/span.ts'
import { LOG_FILE } from '../log/log-store.ts'
import { type LogFilter, openLogFile } from '../log/read-log.ts'
import { openTraceReader } from './read-traces.ts'
import { TRACES_FILE } from './trace-store.ts'

/** What this laptop has kept of a request outside its database. */
export interface Records {
  readonly lines: readonly LogLine[]
  readonly spans: readonly Span[]
  /** When the log begins, and the traces; null where there are none. */
  readonly logSince: string | null
  readonly tracesSince: string | null
}

/** Of one request: a trace id may be that of many. */
const MAX_TRACES = 10

/** Finds what is kept, in a data directory, of what has one of these ids: of correlation, trace or event. */
export function readRecords(dataDir: string, ids: readonly string[]): Records {
  const log = attempt(() => openLogFile(join(dataDir, LOG_FILE)))
  const traces = attempt(() => openTraceReader(join(dataDir, TRACES_FILE)))
  const fields = ids.flatMap((id) => [{ correlation: id }, { trace: id }, { event: id }])
  const lines = log ? findLines(fields, log.read) : []
  const textsOf = (name: string) => lines.flatMap((line) => textOf(line.fields[name]) ?? [])
  const correlations = new Set([...ids, ...textsOf('correlationId')])
  const traceIds = new Set([
    ...ids,
    ...textsOf('traceId'),
    ...[...correlations].flatMap((id) => traces?.tracesOf(id) ?? []),
  ])
  const spans = [...traceIds].slice(0, MAX_TRACES).flatMap((id) => traces?.read(id) ?? [])
  const records = {
    ...{ lines, spans },
    logSince: log?.read({ oldest: 1 })[0]?.time ?? null,
    tracesSince: traces?.list({ limit: 1 }).since ?? null,
  }
  log?.close()
  traces?.close()
  return records
}

type Read = (filter: LogFilter) => readonly LogLine[]

/** The lines of a request, with those of the starts and the faults that belong to it. */
function findLines(filters: readonly LogFilter[], read: Read): readonly LogLine[] {
  const found = filters.flatMap(read)
  const correlation = new Set(found.flatMap(({ fields }) => textOf(fields.correlationId) ?? []))
  const own = uniqueById([...found, ...[...correlation].flatMap((one) => read({ correlation: one }))])
  return uniqueById([
    ...own,
    ...own.filter(isCold).flatMap((line) => startOf(line, read)),
    ...own.filter(hasFailed).flatMap((line) => complaintsDuring(line, read)),
  ])
}

const isCold = ({ part, fields }: LogLine) => fields.cold === true && part !== 'gateway'

const SLACK_MS = 1_000

/** The lines of a part while this one was on its way. */
function linesDuring(line: LogLine, part: string, read: Read) {
  const [since, until] = [beginOf(line) - SLACK_MS, Date.parse(line.time) + SLACK_MS]
  return read({ part, since: new Date(since).toISOString(), until: new Date(until).toISOString() })
}

/** What an instance logged of its start, which belongs to the process and to no request. */
const startOf = (line: LogLine, read: Read) =>
  linesDuring(line, line.part, read)
    .filter(({ fields }) => fields.msg === 'cold start')
    .slice(-1)

/** The gateway's line of a request that failed, or the relay's of a delivery. */
const hasFailed = ({ fields: { msg, status, function: name } }: LogLine) =>
  (msg === 'request' || msg === 'delivery') && typeof name === 'string' && !(Number(status) < 500)

/** What a function printed meanwhile of no request in particular, such as why its process ended. */
const complaintsDuring = (line: LogLine, read: Read) =>
  linesDuring(line, String(line.fields.function), read).filter(
    ({ level, fields }) => fields.correlationId === undefined && COMPLAINTS.has(level),
  )

const COMPLAINTS = new Set(['text', 'warn', 'error', 'fatal'])

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

const uniqueById = (lines: readonly LogLine[]) => [...new Map(lines.map((line) => [line.id, line])).values()]

/** Where there is no file yet, nothing is kept. */
function attempt<Result>(open: () => Result): Result | undefined {
  try {
    return open()
  } catch {
    return undefined
  }
}
