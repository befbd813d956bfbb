import type { GatewayLog, GatewayPorts } from './ports.ts'

type Level = 'info' | 'warn' | 'error'
type Line = readonly [fields: object, text: string]

interface BoundOptions {
  readonly linesASecond?: number | undefined
  readonly now?: () => number
}

const LINES_A_SECOND = 1_000

/**
 * A log for what strangers cause: at most 1,000 lines a second of each level, so that a flood of requests fills no disk.
 * Those left out are counted as shed, and their number is told with the first line of a later second.
 */
export function boundedLog(
  { log, metrics }: Pick<GatewayPorts, 'log' | 'metrics'>,
  { linesASecond = LINES_A_SECOND, now = () => performance.now() }: BoundOptions = {},
): GatewayLog {
  const bounded = (level: Level) => {
    let began = now()
    let lines = 0
    return (...line: Line) => {
      if (now() - began >= 1_000) {
        if (lines > linesASecond)
          log.warn({ level, leftOut: lines - linesASecond }, 'lines of the log were left out: too many in a second')
        began = now()
        lines = 0
      }
      lines++
      if (lines <= linesASecond) log[level](...line)
      else metrics.shed('log_lines')
    }
  }
  return {
    debug: (...line: Line) => log.debug(...line),
    ...{ info: bounded('info'), warn: bounded('warn'), error: bounded('error') },
  }
}
