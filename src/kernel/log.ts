import { writeSync } from 'node:fs'
import { type Logger, type LoggerOptions, pino } from 'pino'
import { loggable, redactSecrets } from './redact.ts'

export type Log = Pick<Logger, 'info' | 'warn' | 'error' | 'debug' | 'fatal' | 'child'>

type LogArguments = [fields: object, text?: string]
type Labels = Readonly<Record<string, string>>

const STDOUT = 1
/** Of characters that are kept back until the turn of the event loop ends. */
const MAX_BUFFERED_CHARACTERS = 8 * 1024

/**
 * One JSON object a line on stdout: `time` in RFC 3339, `level` as a word, and whatever `base` says of the process.
 * Lines are written when the turn of the event loop in which they were said ends, without what is secret by its name at
 * any depth, by its shape, or since `keepSecret` was told of it. The library is loaded with the first.
 */
export const createLog = ({ level = 'info', ...base }: Labels = {}): Log =>
  new DeferredLog(() => openLog(level, base)) as unknown as Log

/** The line with which a process says that it can be called, before it has loaded anything that it can do without. */
export function logReady(base: Labels, fields: Readonly<Record<string, unknown>>, msg: string): void {
  writeSync(STDOUT, `${JSON.stringify({ level: 'info', time: currentTimestamp(), ...base, ...fields, msg })}\n`)
}

let lastTimestamp = { at: 0, time: '' }

/** Spelt out once a millisecond, in which a busy process says many lines. */
function currentTimestamp(): string {
  const at = Date.now()
  if (at !== lastTimestamp.at) lastTimestamp = { at, time: new Date(at).toISOString() }
  return lastTimestamp.time
}

function openLog(level: string, base: Labels): Logger {
  const options: LoggerOptions = {
    level,
    base,
    timestamp: () => `,"time":"${currentTimestamp()}"`,
    // Both the fields and the error are made fit to be told by then.
    formatters: { level: (label) => ({ level: label }), log: loggable },
    serializers: { err: (told) => told },
  }
  const stdout = pino.destination({ dest: STDOUT, sync: true })
  let kept = ''
  const write = () => {
    const lines = kept
    kept = ''
    if (lines) stdout.write(redactSecrets(lines))
  }
  process.on('exit', () => {
    write()
    stdout.flushSync()
  })
  return pino(options, {
    write: (line: string) => {
      if (!kept) setImmediate(write)
      kept += line
      if (kept.length > MAX_BUFFERED_CHARACTERS) write()
    },
  })
}

/** A log that is opened by its first line. A child, too, costs nothing until it says something. */
class DeferredLog {
  readonly #open: () => Logger
  #opened: Logger | undefined

  constructor(open: () => Logger) {
    this.#open = open
  }

  get #log(): Logger {
    this.#opened ??= this.#open()
    return this.#opened
  }

  debug(...said: LogArguments) {
    this.#log.debug(...said)
  }

  info(...said: LogArguments) {
    this.#log.info(...said)
  }

  warn(...said: LogArguments) {
    this.#log.warn(...said)
  }

  error(...said: LogArguments) {
    this.#log.error(...said)
  }

  fatal(...said: LogArguments) {
    this.#log.fatal(...said)
  }

  child(bindings: Readonly<Record<string, unknown>>, options?: object) {
    return new DeferredLog(() => this.#log.child(loggable(bindings), options))
  }
}
