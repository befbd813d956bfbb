/** What the runner tells: one object each, a line each with `--json`, or a picture in the terminal. */
export type Told =
  | {
      readonly event: 'ready'
      readonly url: string
      readonly admin: string
      readonly keys: Readonly<Record<string, string>>
      readonly adminKey: string
      readonly readyMs: number
    }
  | { readonly event: 'spawn'; readonly function: string; readonly pid: number; readonly coldStartMs: number }
  | { readonly event: 'idle-stop'; readonly function: string; readonly pid: number; readonly idleMs: number }
  | ({ readonly event: 'request' } & Line)
  | ({ readonly event: 'delivery' } & Line)
  | { readonly event: 'fault'; readonly part: string; readonly message: string; readonly [field: string]: unknown }
  | {
      readonly event: 'reload'
      readonly functions: readonly string[]
      readonly removed: readonly string[]
      readonly tookMs: number
    }
  | { readonly event: 'start'; readonly part: string; readonly pid: number }
  | { readonly event: 'log'; readonly part: string; readonly message: string }
  | { readonly event: 'stopped' }

/** A log line of gateway or relay, as it was written. */
export interface Line {
  readonly function?: string
  readonly status?: number
  readonly durationMs?: number
  readonly correlationId?: string
  readonly traceId?: string
  readonly [field: string]: unknown
}

export type Report = (told: Told) => void

/** One JSON object a line on stdout. */
export const reportJson: Report = (told) => void process.stdout.write(`${JSON.stringify(told)}\n`)

/** Keeps what is told until Ebb is ready, so that this is the first thing heard. */
export function readyFirst(report: Report): Report {
  let early: Told[] | undefined = []
  return (told) => {
    if (told.event !== 'ready' && early) return void early.push(told)
    report(told)
    for (const one of early ?? []) report(one)
    early = undefined
  }
}
