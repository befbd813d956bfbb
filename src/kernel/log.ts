import { writeSync } from 'node:fs'
import { type Logger, type LoggerOptions, pino } from 'pino'
import { loggable, redactSecrets } from './redact.ts'

/** The structured log: `log.info({ orderId }, 'order placed')` writes one line of JSON. */
export type Log = Pick<Logger, 'info' | 'warn' | 'error' | 'debug' | 'fatal' | 'child'>

type LogArguments = [fields: object, text?: string]
type Labels = Readonly<Record<string, string>>

const STDOUT = 1
/** How much is buffered until the turn of the event loop ends. */
const MAX_BUFFERED_CHARACTERS = 8 * 1024

/**
 * Creates a log that writes one JSON object per line to stdout: `time` in RFC 3339, `level` as a word, and the labels of
 * the process. Lines are written at the end of the turn of the event loop, without what is secret by its name at any depth,
 * by its shape, or by `registerSecrets`. pino is loaded with the first line.
 * @example
 * const log = createLog({ level: 'info', function: 'place-order' })
 * log.info({ port }, 'listening')
 */
export const createLog = ({ level = 'info', ...labels }: Labels = {}): Log =>
  // It has the methods that Log picks; pino's overloads of them cannot be spelled in a class.
  new DeferredLog(() => createPino(level, labels), ['debug', 'trace'].includes(level)) as unknown as Log

/** Writes the line that says that a process accepts requests, before pino and all else that can wait is loaded. */
export function logReady(labels: Labels, fields: Readonly<Record<string, unknown>>, msg: string): void {
  writeSync(STDOUT, `${JSON.stringify({ level: 'info', time: currentTimestamp(), ...labels, ...fields, msg })}\n`)
}

let lastTimestamp = { at: 0, time: '' }

/** Formatted once per millisecond, in which a busy process writes many lines. */
function currentTimestamp(): string {
  const at = Date.now()
  if (at !== lastTimestamp.at) lastTimestamp = { at, time: new Date(at).toISOString() }
  return lastTimestamp.time
}

function createPino(level: string, labels: Labels): Logger {
  const options: LoggerOptions = {
    level,
    base: labels,
    timestamp: () => `,"time":"${currentTimestamp()}"`,
    formatters: { level: (label) => ({ level: label }), log: loggable },
    // `loggable` has serialized the error by then.
    serializers: { err: (serialized) => serialized },
  }
  const stdout = pino.destination({ dest: STDOUT, sync: true })
  let buffered = ''
  const write = () => {
    const lines = buffered
    buffered = ''
    if (lines) stdout.write(redactSecrets(lines))
  }
  process.on('exit', () => {
    write()
    stdout.flushSync()
  })
  return pino(options, {
    write: (line: string) => {
      if (!buffered) setImmediate(write)
      buffered += line
      if (buffered.length > MAX_BUFFERED_CHARACTERS) write()
    },
  })
}

/** A log that is opened by its first line that is written. A child, too, costs nothing until then. */
class DeferredLog {
  readonly #open: () => Logger
  readonly #writesDebug: boolean
  #opened: Logger | undefined

  constructor(open: () => Logger, writesDebug: boolean) {
    this.#open = open
    this.#writesDebug = writesDebug
  }

  get #log(): Logger {
    this.#opened ??= this.#open()
    return this.#opened
  }

  debug(...args: LogArguments) {
    if (this.#writesDebug) this.#log.debug(...args)
  }

  info(...args: LogArguments) {
    this.#log.info(...args)
  }

  warn(...args: LogArguments) {
    this.#log.warn(...args)
  }

  error(...args: LogArguments) {
    this.#log.error(...args)
  }

  fatal(...args: LogArguments) {
    this.#log.fatal(...args)
  }

  child(bindings: Readonly<Record<string, unknown>>, options?: object) {
    return new DeferredLog(() => this.#log.child(loggable(bindings), options), this.#writesDebug)
  }
}
