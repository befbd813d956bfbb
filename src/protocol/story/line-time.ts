import type { LogLine } from './evidence.ts'

/** When what a line tells began, in milliseconds since 1970: a line of a request is written at its end. */
export function beginOf({ time, fields }: Pick<LogLine, 'time' | 'fields'>): number {
  return Date.parse(time) - (durationOf({ fields }) ?? 0)
}

/** How long that took; null where it does not say. Of a start it is all that there was until the first answer. */
export function durationOf({ fields }: Pick<LogLine, 'fields'>): number | null {
  const { durationMs = Object(fields.coldStart).firstAnswerMs } = fields
  return typeof durationMs === 'number' ? durationMs : null
}
