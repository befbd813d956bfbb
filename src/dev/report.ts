/** What the runner reports: a line of JSON each with `--json`, or text for people. */
export type DevEvent =
  | {
      readonly event: 'ready'
      readonly url: string
      readonly admin: string
      /** What opens the console in a browser, once. */
      readonly console: string
      readonly keys: Readonly<Record<string, string>>
      readonly adminKey: string
      /** Of its OpenID provider; none where EBB_ISSUERS names others. */
      readonly issuer?: string | undefined
      readonly readyMs: number
    }
  | { readonly event: 'spawn'; readonly function: string; readonly pid: number; readonly coldStartMs: number }
  | { readonly event: 'idle-stop'; readonly function: string; readonly pid: number; readonly idleMs: number }
  | ({ readonly event: 'request' } & LogFields)
  | ({ readonly event: 'delivery' } & LogFields)
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

/** The fields of a log line of gateway or relay. */
interface LogFields {
  readonly function?: string
  readonly status?: number
  readonly durationMs?: number
  readonly correlationId?: string
  readonly traceId?: string
  readonly [field: string]: unknown
}

/** Reports an event of `ebb dev`: to the terminal, or as a line of JSON. */
export type Report = (event: DevEvent) => void

/** One JSON object a line on stdout. */
export const reportJson: Report = (event) => void process.stdout.write(`${JSON.stringify(event)}\n`)

/** Holds reports back until `ready`, so that this is always the first one. */
export function bufferUntilReady(report: Report): Report {
  let early: DevEvent[] | undefined = []
  return (event) => {
    if (event.event !== 'ready' && early) return void early.push(event)
    report(event)
    for (const earlier of early ?? []) report(earlier)
    early = undefined
  }
}

/**
 * Makes a text safe to print: escapes the characters that could move the cursor, set colours or change the text direction.
 * JSON stays the same JSON.
 */
export const printable = (text: string): string =>
  text.replaceAll(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0')
    return `\\u${code}`
  })
