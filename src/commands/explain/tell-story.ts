import { describeError, ownFrames } from '../../dev/log/describe-error.ts'
import { type LogFilter, type LogLine, openLog } from '../../dev/log/read-log.ts'
import { ConfigError } from '../../kernel/index.ts'
import { tellStep } from './tell-step.ts'

/** What is known of a request. */
export interface Story {
  readonly correlation: readonly string[]
  /** What failed, and where, the first cause first; empty where nothing did. */
  readonly failures: readonly string[]
  readonly steps: readonly Step[]
}

export interface Step {
  /** Since the first one began. */
  readonly atMs: number
  readonly part: string
  readonly says: string
  /** The stack of what was thrown, with its causes. */
  readonly error?: string
}

/**
 * Tells what the log of this laptop knows of a request, by its correlation id, its trace id or the id of one of its events. Throws a
 * ConfigError where that is nothing.
 */
export function tellStory(project: string, id: string): Story {
  const log = openLog(project)
  const found = [...log.read({ correlation: id }), ...log.read({ trace: id }), ...log.read({ event: id })]
  const correlation = [...new Set(found.flatMap(({ fields }) => textOf(fields.correlationId) ?? []))]
  const own = uniqueById([...found, ...correlation.flatMap((one) => log.read({ correlation: one }))])
  const lines = uniqueById([
    ...own,
    ...own.filter(isCold).flatMap((line) => startOf(line, log.read)),
    ...own.filter(hasFailed).flatMap((line) => complaintsDuring(line, log.read)),
  ])
  const [oldest] = log.read({ oldest: 1 })
  log.close()
  if (lines.length === 0)
    throw new ConfigError(
      `nothing in the log of this laptop has the id ${id}; the log begins at ${oldest?.time ?? 'no line at all'}`,
    )
  const begun = lines
    .map((line) => ({ line, at: beginOf(line) }))
    .toSorted((a, b) => a.at - b.at || a.line.id - b.line.id)
  const first = begun[0]?.at ?? 0
  const steps = begun.map(({ line, at }): Step => {
    const error = line.fields.err === undefined ? undefined : ownFrames(describeError(line.fields.err))
    const told = { atMs: Math.round(at - first), part: line.part, says: tellStep(line) }
    return error === undefined ? told : { ...told, error }
  })
  return { correlation, steps, failures: failuresOf(steps) }
}

const isCold = ({ part, fields }: LogLine) => fields.cold === true && part !== 'gateway'

const SLACK_MS = 1_000

/** The lines of a part while this one was on its way. */
function linesDuring(line: LogLine, part: string, read: (filter: LogFilter) => readonly LogLine[]) {
  const [since, until] = [beginOf(line) - SLACK_MS, Date.parse(line.time) + SLACK_MS]
  return read({ part, since: new Date(since).toISOString(), until: new Date(until).toISOString() })
}

/** What an instance logged of its start, which belongs to the process and to no request. */
const startOf: During = (line, read) =>
  linesDuring(line, line.part, read)
    .filter(({ fields }) => fields.msg === 'cold start')
    .slice(-1)

/** The gateway's line of a request that failed, or the relay's of a delivery. */
const hasFailed = ({ fields: { msg, status, function: name } }: LogLine) =>
  (msg === 'request' || msg === 'delivery') && typeof name === 'string' && !(Number(status) < 500)

/** What a function printed meanwhile of no request in particular, such as why its process ended. */
const complaintsDuring: During = (line, read) =>
  linesDuring(line, String(line.fields.function), read).filter(
    ({ level, fields }) => fields.correlationId === undefined && COMPLAINTS.has(level),
  )

type During = (line: LogLine, read: (filter: LogFilter) => readonly LogLine[]) => readonly LogLine[]

const COMPLAINTS = new Set(['text', 'warn', 'error', 'fatal'])

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

const uniqueById = (lines: readonly LogLine[]) => [...new Map(lines.map((line) => [line.id, line])).values()]

/** A line of a request is written at its end. */
function beginOf({ time, fields }: LogLine): number {
  const durationMs = typeof fields.durationMs === 'number' ? fields.durationMs : 0
  return Date.parse(time) - durationMs
}

/** How a process that ends prints what it was. */
const ERROR = /^text: \w*Error\b/
/** The first line of each error, with the place in the project's own code. */
const failuresOf = (steps: readonly Step[]): readonly string[] => [
  ...new Set(
    steps.flatMap(({ part, says, error }) => {
      if (error === undefined) return says.startsWith('text: ') && ERROR.test(says) ? [`${part}: ${says.slice(6)}`] : []
      const [what = ''] = error.split('\n')
      const place = /\b((?:functions|domain)\/[^\s)]+:\d+)(?::\d+)?/.exec(error)?.[1]
      const cause = /^caused by: (.*)$/m.exec(error)?.[1]
      return [
        `${part}: ${[what, ...(cause ? [`caused by ${cause}`] : []), ...(place ? [`at ${place}`] : [])].join(', ')}`,
      ]
    }),
  ),
]
