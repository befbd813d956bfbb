import { pino } from 'pino'

export type Log = Pick<import('pino').Logger, 'info' | 'warn' | 'error' | 'debug' | 'fatal' | 'child'>

/** One JSON object a line on stdout: `time` in RFC 3339, `level` as a word, and whatever `base` says of the process. */
export function createLog({ level = 'info', ...base }: Readonly<Record<string, string>> = {}): Log {
  return pino({
    level,
    base,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ['*.authorization', '*["x-api-key"]', '*.password', '*.secret'], censor: '[redacted]' },
  })
}
