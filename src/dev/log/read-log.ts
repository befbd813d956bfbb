import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { ConfigError, processConfig } from '../../kernel/index.ts'
import type { LogLine } from '../../protocol/story/evidence.ts'
import { dataDirOf } from '../announcement.ts'
import { LOG_FILE } from './log-store.ts'

/** Which lines are wanted: of those that fit all parts that are given. */
export interface LogFilter {
  readonly part?: string | undefined
  readonly levels?: readonly string[] | undefined
  readonly correlation?: string | undefined
  readonly trace?: string | undefined
  readonly event?: string | undefined
  /** The times between which they were logged, RFC 3339 in UTC. */
  readonly since?: string | undefined
  readonly until?: string | undefined
  /** Only lines after this one. */
  readonly after?: number
  /** So many of them, the newest ones (`limit`) or the `oldest`. Default: all. */
  readonly limit?: number
  readonly oldest?: number
}

/** The log of the laptop that runs, or ran, in this checkout. Throws a ConfigError where nothing ever ran here. */
export const openLog = (project: string) => openLogFile(join(dataDirOf(project, processConfig()), LOG_FILE))

/** The log in a file. Throws a ConfigError where there is none. */
export function openLogFile(file: string) {
  if (!existsSync(file)) throw new ConfigError('there is no log of this checkout yet; start Ebb with npm start.')
  const database = new DatabaseSync(file, { readOnly: true })
  return {
    /** The lines, the oldest first. Throws a ConfigError where the file is damaged. */
    read: (filter: LogFilter): readonly LogLine[] => {
      try {
        return select(database, filter)
      } catch (cause) {
        throw new ConfigError(`${file} cannot be read (${(cause as Error).message}); remove it, and start Ebb again.`, {
          cause,
        })
      }
    },
    close: () => database.close(),
  }
}

function select(database: DatabaseSync, filter: LogFilter): readonly LogLine[] {
  const { levels, oldest, limit = oldest ?? -1 } = filter
  const given: readonly (readonly [condition: string, value: SQLInputValue | undefined])[] = [
    ['part = ?', filter.part],
    ['correlation = ?', filter.correlation],
    ['trace = ?', filter.trace],
    ['event = ?', filter.event],
    ['time >= ?', filter.since],
    ['time <= ?', filter.until],
    ['id > ?', filter.after],
    ['level in (select value from json_each(?))', levels && JSON.stringify(levels)],
  ]
  const used = given.filter((one): one is readonly [string, SQLInputValue] => one[1] !== undefined)
  const where = used.length > 0 ? `where ${used.map(([condition]) => condition).join(' and ')}` : ''
  const rows = database
    .prepare(
      `select id, time, part, level, fields from line ${where} order by id ${oldest === undefined ? 'desc' : 'asc'} limit ?`,
    )
    .all(...used.map(([, value]) => value), limit)
  return (oldest === undefined ? rows.reverse() : rows).map(toLine)
}

/** Every column is one that the store writes. */
const toLine = (row: Record<string, unknown>): LogLine => ({
  ...{ id: Number(row.id), time: String(row.time), part: String(row.part), level: String(row.level) },
  fields: JSON.parse(String(row.fields)),
})
