import { writeSync } from 'node:fs'
import { type Logger, type LoggerOptions, pino } from 'pino'
import { loggable, redactSecrets } from './redact.ts'

/** The structured log: `log.info({ orderId }, 'order placed')` writes one line of JSON. */
export type Log = Pick<Logger, 'info' | 'warn' | 'error' | 'debug' | 'fatal' | 'child'>

/** The levels, with how much each matters; `silent` writes nothing. */
const LEVELS: Readonly<Record<string, number>> = {
  ...{ trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: Number.POSITIVE_INFINITY },
}

/** The log of a process, whose level may be set. */
export type ServiceLog = Log & Pick<Logger, 'level'>

type LogArguments = [fields: object, text?: string]
type Labels = Readonly<Record<string, string>>

const STDOUT = 1
/** How much is buffered until the turn of the event loop ends. */
const MAX_BUFFERED_CHARACTERS = 8 * 1024

/**
 * Creates a log that writes one JSON object per line to stdout: `time` in RFC 3339, `level` as a word, and the labels of
 * the process. Lines are written at the end of the turn of the event loop, without what is secret by its name at any depth,
 * by its shape, or by `registerSecrets`. pino is loaded with the first line. Its `level` may be set at any time, and holds for
 * its children as well.
 * @example
 * const log = createLog({ level: 'info', function: 'place-order' })
 * log.info({ port }, 'listening')
 */
export const createLog = ({ level = 'info', ...labels }: Labels = {}): ServiceLog =>
  // It has the methods that Log picks; pino's overloads of them cannot be spelled in a class.
  new DeferredLog(() => createPino(labels), createThreshold(level)) as unknown as ServiceLog

/** From which level on a log and its children write. */
interface Threshold {
  level: string
  value: number
}

const createThreshold = (level: string): Threshold => ({ level, value: LEVELS[level] ?? Number.POSITIVE_INFINITY })

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

function createPino(labels: Labels): Logger {
  const options: LoggerOptions = {
    // What is to be written is decided before it is called.
    level: 'trace',
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
  /** One object for a log and all its children, so that it changes for all of them. */
  readonly #threshold: Threshold
  /** The level of a child of its own; it writes what both let through. */
  readonly #least: number
  #opened: Logger | undefined

  constructor(open: () => Logger, threshold: Threshold, least = 0) {
    this.#open = open
    this.#threshold = threshold
    this.#least = least
  }

  get level(): string {
    return this.#threshold.level
  }

  set level(level: string) {
    Object.assign(this.#threshold, createThreshold(level))
  }

  get #log(): Logger {
    this.#opened ??= this.#open()
    return this.#opened
  }

  #writes(level: number): boolean {
    return level >= this.#threshold.value && level >= this.#least
  }

  debug(...args: LogArguments) {
    if (this.#writes(20)) this.#log.debug(...args)
  }

  info(...args: LogArguments) {
    if (this.#writes(30)) this.#log.info(...args)
  }

  warn(...args: LogArguments) {
    if (this.#writes(40)) this.#log.warn(...args)
  }

  error(...args: LogArguments) {
    if (this.#writes(50)) this.#log.error(...args)
  }

  fatal(...args: LogArguments) {
    if (this.#writes(60)) this.#log.fatal(...args)
  }

  child(bindings: Readonly<Record<string, unknown>>, { level, ...options }: { level?: string } = {}) {
    const least = level === undefined ? this.#least : (LEVELS[level] ?? this.#least)
    return new DeferredLog(() => this.#log.child(loggable(bindings), options), this.#threshold, least)
  }
}
