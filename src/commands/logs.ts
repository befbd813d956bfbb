import { setTimeout as delay } from 'node:timers/promises'
import { type LogFilter, openLog } from '../dev/log/read-log.ts'
import { ConfigError } from '../kernel/index.ts'
import type { LogLine } from '../protocol/story/evidence.ts'
import { printLine } from './command.ts'
import { type Form, form } from './form.ts'
import { formatLine } from './format-line.ts'
import { readLogLines } from './read-log-lines.ts'
import { readTime } from './redrive.ts'

/** From the least to the most important. `text` is what is no log record, such as a stack that Node prints. */
const LEVELS = ['trace', 'debug', 'info', 'text', 'warn', 'error', 'fatal']
const POLL_MS = 200

export const logsCommand: readonly Form[] = [
  form({
    description:
      'Print the log of the Ebb on this laptop, of all its processes, also of those that have ended; or what kubectl prints of a cluster.',
    arguments: {
      part: {
        ...{ value: 'PART', completes: 'function' },
        description: 'A function, or gateway or relay. Default: all of them.',
      },
    },
    options: {
      follow: { short: 'f', description: 'Go on with the lines that come, until Ctrl-C.' },
      level: {
        ...{ value: 'LEVEL', choices: ['debug', 'info', 'warn', 'error'] },
        description: 'Only lines of this level and above.',
      },
      correlation: { value: 'ID', description: 'Only lines of the request with this X-Correlation-Id.' },
      since: { value: 'TIME', read: readTime('--since'), description: 'Only lines from this time on.' },
      limit: { value: 'N', read: readCount, description: 'The newest N lines. Default: 100.' },
      stdin: { description: 'Read the lines from standard input, to its end, in place of the log of this laptop.' },
      json: { description: 'Print each line as it was logged, for scripts.' },
    },
    examples: [
      ...['logs', 'logs place-order --level warn', 'logs --follow --json | jq .msg'],
      'logs --stdin --level warn',
    ],
    run: (project, { stdin, ...options }) => (stdin ? printInput(options) : printLogs(project, options)),
  }),
]

interface LogsOptions {
  readonly part: string | undefined
  readonly follow: boolean
  readonly level: string | undefined
  readonly correlation: string | undefined
  readonly since: string | undefined
  readonly limit: number | undefined
  readonly json: boolean
}

const LIMIT = 100

function readCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new ConfigError('--limit must be whole, and from 1 to 999999')
  return Number(text)
}

const levelsFrom = (level: string | undefined) =>
  level === undefined ? undefined : LEVELS.slice(LEVELS.indexOf(level))
const printLog = (line: LogLine, json: boolean) => printLine(json ? JSON.stringify(line.fields) : formatLine(line))

async function printInput({ follow, level, limit, json, ...wanted }: LogsOptions) {
  if (follow || limit !== undefined)
    throw new ConfigError('--stdin prints all lines to their end; leave --follow and --limit')
  for await (const line of readLogLines(process.stdin, { ...wanted, levels: levelsFrom(level) })) printLog(line, json)
}

async function printLogs(project: string, { part, follow, level, correlation, since, limit, json }: LogsOptions) {
  const log = openLog(project)
  const wanted: LogFilter = { part, correlation, since, levels: levelsFrom(level) }
  const print = (line: LogLine) => printLog(line, json)
  const first = log.read({ ...wanted, limit: limit ?? LIMIT })
  for (const line of first) print(line)
  let after = first.at(-1)?.id ?? log.read({ limit: 1 })[0]?.id ?? 0
  while (follow) {
    await delay(POLL_MS)
    for (const line of log.read({ ...wanted, after })) {
      print(line)
      after = line.id
    }
  }
  log.close()
}
