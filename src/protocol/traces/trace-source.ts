/** Which traces are wanted: those that fit all that is given. */
export interface TraceFilter {
  readonly status?: 'failed' | 'ok' | undefined
  /** Whether a function started for it. */
  readonly cold?: boolean | undefined
  /** Only those that took so long, or longer. */
  readonly minMs?: number | undefined
  /** A part of the name, such as `/v1/orders`. */
  readonly route?: string | undefined
  readonly correlation?: string | undefined
  /** The `next` of the page before. */
  readonly before?: string | undefined
  readonly limit: number
}

/** A trace in a list. */
interface KeptTrace {
  readonly traceId: string
  /** Of the span that began first, such as `POST /v1/orders`. */
  readonly name: string
  readonly part: string
  /** RFC 3339. */
  readonly startedAt: string
  readonly durationMs: number
  /** The HTTP status of that span. */
  readonly status: number | null
  readonly failed: boolean
  readonly cold: boolean
  readonly spans: number
  readonly parts: readonly string[]
  readonly correlationId: string | null
}

/** The traces that are kept, the newest first. */
export interface KeptTraces {
  /** When the oldest that is kept began. */
  readonly since: string | null
  /** Spans that came, and were too many of one trace. */
  readonly dropped: number
  readonly traces: readonly KeptTrace[]
  /** The `before` of the next page; undefined on the last. */
  readonly next?: string
}
