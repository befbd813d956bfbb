import { pino } from 'pino'
import { type Log, parseConfig } from '../kernel/index.ts'

/** A log as in production, whose lines a test can read. */
export function collectLog() {
  const lines: string[] = []
  const log: Log = pino({ level: 'debug', base: null }, { write: (line) => void lines.push(line) })
  return { log, lines, messages: () => lines.map((line): unknown => JSON.parse(line).msg) }
}

/** The settings of a process that has only these. */
export const configOf = (env: Readonly<Record<string, string>>) => parseConfig(env)

/** What `bind` gets with a request. */
export const testBindContext = (signal = new AbortController().signal) => ({
  ...{ signal, correlationId: 'a-correlation-id', afterCommit: async () => {} },
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
})
