import { paint } from '../dev/paint.ts'
import { printable } from '../dev/report.ts'
import { describeError, ownFrames } from '../protocol/story/describe-error.ts'
import type { LogLine } from '../protocol/story/evidence.ts'

/** What each line has, or what says nothing to a reader. */
const LEFT_OUT = new Set([
  ...['time', 'level', 'msg', 'service', 'function', 'revision', 'err', 'hostname', 'pid'],
  ...['correlationId', 'traceId', 'spanId'],
])
const COLOURS: Readonly<Record<string, Parameters<typeof paint>[0]>> = {
  ...{ warn: 'yellow', error: 'red', fatal: 'red', debug: 'dim', trace: 'dim' },
}

/** One line of the log for people: when, who, what, and the fields that tell more. An error has its stack below. */
export function formatLine({ time, part, level, fields }: LogLine): string {
  const clock = new Date(time).toTimeString().slice(0, 8)
  const colour = COLOURS[level]
  const text = printable(String(fields.msg ?? ''))
  const more = Object.entries(fields)
    .filter(([name, value]) => !LEFT_OUT.has(name) && value !== undefined && value !== null && value !== false)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const head = `${paint('dim', clock)}  ${part.padEnd(12)}  ${colour ? paint(colour, text) : text}`
  const line = more.length > 0 ? `${head}  ${paint('dim', printable(more.join(' ')))}` : head
  const stack = fields.err === undefined ? undefined : ownFrames(describeError(fields.err))
  return stack === undefined ? line : `${line}\n${printable(stack).replaceAll(/^/gm, ' '.repeat(10))}`
}
