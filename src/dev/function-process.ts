import { NODE_FLAGS } from '../build/index.ts'
import { UNCAUGHT_ERROR } from '../kernel/index.ts'
import { describeError } from '../protocol/story/describe-error.ts'
import type { InstanceProcess } from './function-instances.ts'
import { recordChild } from './processes/leftovers.ts'
import { type OutputLine, startChild } from './processes/start-child.ts'
import type { Report } from './report.ts'

interface FunctionProcessOptions {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  readonly runFolder: string
  /** From SIGTERM to SIGKILL. */
  readonly drainMs: number
  readonly startLimitMs: number
  readonly report: Report
  /** Called with each line of its output. */
  readonly onLine?: (line: OutputLine) => void
}

/** Starts one process of a function on a free port, which is read from its log. */
export async function startFunction(file: string, options: FunctionProcessOptions): Promise<InstanceProcess> {
  const { name, env, runFolder, drainMs, startLimitMs, report, onLine } = options
  const { promise: listening, resolve, reject } = Promise.withResolvers<number>()
  const draining = Promise.withResolvers<void>()
  const lastLines: string[] = []
  const child = startChild(file, {
    env: { ...env, PORT: '0', EBB_HOST: '127.0.0.1' },
    nodeOptions: NODE_FLAGS,
    onLine: (line) => {
      onLine?.(line)
      const { level, msg, port } = line
      if (msg === 'listening' && typeof port === 'number') return resolve(port)
      if (level === 'text' || level === 'fatal') lastLines.push(errorText(line))
      if (msg === UNCAUGHT_ERROR) draining.resolve()
      if (level === 'error' || msg === UNCAUGHT_ERROR)
        report({ event: 'fault', part: name, message: errorText(line), correlationId: line.correlationId })
      if (level === 'text' || level === 'warn') report({ event: 'log', part: name, message: String(msg) })
    },
  })
  const forget = await recordChild(runFolder, child.pid)
  const tooLate = setTimeout(() => void child.stop(0), startLimitMs)
  void child.exited.then(({ code, signal }) => {
    clearTimeout(tooLate)
    reject(new Error(`it ended while it started (${signal ?? `status ${code}`}): ${findReason(lastLines)}`))
    return forget()
  })
  listening.then(
    () => clearTimeout(tooLate),
    () => {},
  )
  const stop = () => child.stop(drainMs)
  return { pid: child.pid, listening, draining: draining.promise, exited: child.exited, stop }
}

/** The lines from the first error on: before it Node prints where it was thrown, and after it Node's own version. */
function findReason(lines: readonly string[]): string {
  const start = lines.findIndex((line) => /^\w*Error\b/.test(line))
  const reason = lines
    .slice(Math.max(0, start))
    .slice(0, MAX_LINES)
    .filter((line) => line.trim() !== '' && !line.startsWith('Node.js v'))
  return reason.join('\n') || 'it printed nothing'
}

const MAX_LINES = 12

/** The text of an error's log record. */
function errorText({ msg, err }: Readonly<Record<string, unknown>>): string {
  const message = msg === 'request failed' && err !== undefined ? [] : [String(msg)]
  return [...message, ...(err === undefined ? [] : [describeError(err)])].join(': ')
}
