import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { OutputLine } from '../processes/start-child.ts'
import type { Report } from '../report.ts'

/** The file, in the data directory, that keeps the log lines of this laptop. */
export const LOG_FILE = 'log/lines.sqlite'

/** Keeps the newest log lines of all processes of this laptop. */
export interface LogStore {
  /** Keeps one line of a process; `part` is gateway, relay or the function. */
  add(part: string, line: OutputLine): void
  /** Writes what is not yet written, and closes the file. */
  close(): void
}

interface LogStoreOptions {
  readonly report: Report
  /** How many lines are kept. Default: 100,000, which take about 60 MiB. */
  readonly maxLines?: number
}

const MAX_LINES = 100_000
const MAX_LINE_CHARACTERS = 16 * 1024
/** Lines are written together: a transaction for each would be most of the time of a busy laptop. */
const FLUSH_MS = 50
/** How many lines more than it keeps the store may have before it forgets the oldest. */
const SLACK_LINES = 1_000

/** Opens the store in a folder. What cannot be kept, on a full disk for example, is reported once and not missed otherwise. */
export async function openLogStore(
  folder: string,
  { report, maxLines = MAX_LINES }: LogStoreOptions,
): Promise<LogStore> {
  const file = join(folder, basename(LOG_FILE))
  let pending: (readonly [part: string, line: OutputLine])[] = []
  let timer: NodeJS.Timeout | undefined
  let hasFailed = false
  const attempt = <Result>(work: () => Result): Result | undefined => {
    try {
      return work()
    } catch (error) {
      if (!hasFailed)
        report({ event: 'log', part: 'ebb', message: `log lines are not kept: ${(error as Error).message}` })
      hasFailed = true
      return undefined
    }
  }
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(() => {})
  const database = attempt(() => createDatabase(file))
  const insert = attempt(() => database?.prepare(INSERT))
  const trim = attempt(() => database?.prepare(TRIM))
  let sinceTrim = SLACK_LINES
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const lines = pending
    pending = []
    attempt(() => {
      if (!database || lines.length === 0) return
      database.exec('begin')
      try {
        for (const [part, line] of lines) insert?.run(...toRow(part, line))
        sinceTrim += lines.length
        if (sinceTrim >= SLACK_LINES) {
          trim?.run(maxLines)
          sinceTrim = 0
        }
        database.exec('commit')
      } catch (error) {
        database.exec('rollback')
        throw error
      }
    })
  }
  return {
    add(part, line) {
      if (!database) return
      pending.push([part, line])
      timer ??= setTimeout(flush, FLUSH_MS)
    },
    close() {
      flush()
      attempt(() => database?.close())
    },
  }
}

function createDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file)
  // Readers do not wait for it, and a power cut may cost the last lines.
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = off;
    create table if not exists line (
      id integer primary key,
      time text not null,
      part text not null,
      level text not null,
      correlation text,
      trace text,
      event text,
      fields text not null
    ) strict;
    create index if not exists line_correlation on line (correlation) where correlation is not null;
    create index if not exists line_trace on line (trace) where trace is not null;
    create index if not exists line_event on line (event) where event is not null;`)
  return database
}

const INSERT = `insert into line (time, part, level, correlation, trace, event, fields) values (?, ?, ?, ?, ?, ?, ?)`
const TRIM = 'delete from line where id <= (select max(id) from line) - ?'

function toRow(part: string, line: OutputLine) {
  const { time, level, correlationId, traceId, event } = line
  const text = (value: unknown) => (typeof value === 'string' ? value : null)
  const fields = JSON.stringify(line)
  return [
    ...[text(time) ?? new Date().toISOString(), part, text(level) ?? 'text'],
    ...[text(correlationId), text(traceId), text(event)],
    fields.length > MAX_LINE_CHARACTERS ? JSON.stringify(shorten(line)) : fields,
  ]
}

const shorten = ({ level, time, msg, correlationId, traceId }: OutputLine) => ({
  ...{ level, time, correlationId, traceId },
  msg: `${String(msg).slice(0, MAX_LINE_CHARACTERS / 2)}… (a line of more than ${MAX_LINE_CHARACTERS} characters)`,
})
