import type { GatewayDependencies, GatewayLog } from './gateway/dependencies.ts'

/** Calls `report` at most once a second: the first time at once, and with the next how often it happened since. */
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

type LogLevel = 'info' | 'warn' | 'error'
type LogLine = readonly [fields: object, text: string]

interface ThrottleOptions {
  readonly linesPerSecond?: number | undefined
  readonly now?: () => number
}

const MAX_LINES_PER_SECOND = 1_000

/**
 * A log for what strangers cause: at most 1,000 lines a second of each level, so that a flood of requests fills no disk.
 * Those left out are counted as shed, and their number is told with the first line of a later second.
 */
export function throttleLog(
  { log, metrics }: Pick<GatewayDependencies, 'log' | 'metrics'>,
  { linesPerSecond = MAX_LINES_PER_SECOND, now = () => performance.now() }: ThrottleOptions = {},
): GatewayLog {
  const bounded = (level: LogLevel) => {
    let began = now()
    let lines = 0
    return (...line: LogLine) => {
      if (now() - began >= 1_000) {
        if (lines > linesPerSecond)
          log.warn({ level, leftOut: lines - linesPerSecond }, 'lines of the log were left out: too many in a second')
        began = now()
        lines = 0
      }
      lines++
      if (lines <= linesPerSecond) log[level](...line)
      else metrics.shed('log_lines')
    }
  }
  return {
    debug: (...line: LogLine) => log.debug(...line),
    ...{ info: bounded('info'), warn: bounded('warn'), error: bounded('error') },
  }
}
