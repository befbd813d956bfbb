import { createInterface } from 'node:readline'
import type { LogLine } from '../protocol/story/evidence.ts'

interface WantedLines {
  readonly part?: string | undefined
  readonly levels?: readonly string[] | undefined
  readonly correlation?: string | undefined
  /** RFC 3339. */
  readonly since?: string | undefined
}

/** What `kubectl logs --prefix` and `stern` put before a line. */
const PREFIX = /^\[[^\]]*\] |^\S+ \S+ (?=\{)/

/** The lines of a stream that processes of Ebb have written, as they come. What is no log record is text, of no part. */
export async function* readLogLines(
  input: NodeJS.ReadableStream,
  { part, levels, correlation, since }: WantedLines = {},
): AsyncGenerator<LogLine> {
  let id = 0
  for await (const text of createInterface({ input })) {
    const line = toLine(text, ++id)
    const fits =
      (part === undefined || line.part === part) &&
      (levels === undefined || levels.includes(line.level)) &&
      (correlation === undefined || line.fields.correlationId === correlation) &&
      (since === undefined || Date.parse(line.time) >= Date.parse(since))
    if (fits && text !== '') yield line
  }
}

function toLine(text: string, id: number): LogLine {
  const fields = parse(text)
  if (!fields) return { id, time: new Date().toISOString(), part: '-', level: 'text', fields: { msg: text } }
  const { time, level, function: name, service } = fields
  return {
    ...{ id, fields, time: String(time ?? new Date().toISOString()), level: String(level ?? 'text') },
    part: String(name ?? service ?? '-'),
  }
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(PREFIX, ''))
    // Of all values it is an object that has fields.
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}
