/** Writes one line at each level: its fields, and a sentence. */
export type LeveledLog = Readonly<Record<'debug' | 'info' | 'warn' | 'error', (fields: object, text: string) => void>>

/** Calls `report` at most once a second, with the number of calls since the last report; the first call reports at once. */
export function oncePerSecond<Args extends readonly unknown[]>(report: (times: number, ...args: Args) => void) {
  let times = 0
  let last = Number.NEGATIVE_INFINITY
  return (...args: Args) => {
    times++
    const now = performance.now()
    if (now - last < 1_000) return
    report(times, ...args)
    last = now
    times = 0
  }
}

type ThrottledLevel = 'info' | 'warn' | 'error'
type LogLine = readonly [fields: object, text: string]

interface ThrottleOptions {
  /** Of each level; default: 1,000. */
  readonly linesPerSecond?: number | undefined
  /** Called for each line that is left out. */
  readonly onDropped: () => void
  readonly now?: () => number
}

const MAX_LINES_PER_SECOND = 1_000

/**
 * Limits the lines per second of each level, so that a flood of requests does not fill the disk. Lines left out are
 * reported to `onDropped`, and their number is logged with the first line of a later second.
 */
export function throttleLog(
  log: LeveledLog,
  { linesPerSecond = MAX_LINES_PER_SECOND, onDropped, now = () => performance.now() }: ThrottleOptions,
): LeveledLog {
  const throttle = (level: ThrottledLevel) => {
    let windowStart = now()
    let lines = 0
    return (...line: LogLine) => {
      if (now() - windowStart >= 1_000) {
        if (lines > linesPerSecond)
          log.warn({ level, leftOut: lines - linesPerSecond }, 'log lines dropped by rate limit')
        windowStart = now()
        lines = 0
      }
      lines++
      if (lines <= linesPerSecond) log[level](...line)
      else onDropped()
    }
  }
  return {
    debug: (...line: LogLine) => log.debug(...line),
    ...{ info: throttle('info'), warn: throttle('warn'), error: throttle('error') },
  }
}
