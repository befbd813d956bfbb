import type { Span } from '../traces/span.ts'

/** A line of the log of this laptop. */
export interface LogLine {
  /** Grows from line to line. */
  readonly id: number
  /** RFC 3339. */
  readonly time: string
  /** gateway, relay, or the function's name. */
  readonly part: string
  /** `text` for what is no log record. */
  readonly level: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** One attempt of a delivery or an asynchronous call, as the database has it. */
export interface AttemptRecord {
  readonly number: number
  /** RFC 3339. */
  readonly startedAt: string
  readonly durationMs: number
  /** Null where no response came; then `error` says why. */
  readonly status: number | null
  readonly error: string | null
  /** The beginning of the response. */
  readonly body: string | null
}

/** What the database knows of an event. */
export interface EventRecord {
  readonly id: string
  readonly type: string
  readonly source: string
  readonly createdAt: string
  readonly correlationId: string
  readonly traceId: string
  readonly deliveries: readonly {
    readonly consumer: string
    readonly state: string
    readonly attempts: number
    readonly availableAt: string | null
    readonly history: readonly AttemptRecord[]
  }[]
}

/** What the database knows of an asynchronous call. */
export interface CallRecord {
  readonly id: string
  readonly function: string
  readonly method: string
  readonly target: string
  readonly caller: string
  readonly state: string
  readonly status: number | null
  readonly createdAt: string
  readonly correlationId: string
  readonly traceId: string
  readonly history: readonly AttemptRecord[]
}

/** What a contract bounds of its endpoint. */
export interface RouteBounds {
  readonly name: string
  readonly limit?: { readonly requests: number; readonly perSeconds: number } | undefined
  readonly timeoutMs: number
}

/** All that was found of a request, and what could not be looked at. */
export interface Evidence {
  readonly lines: readonly LogLine[]
  readonly spans: readonly Span[]
  readonly events: readonly EventRecord[]
  readonly calls: readonly CallRecord[]
  readonly routes: readonly RouteBounds[]
  /** Sentences. */
  readonly unseen: readonly string[]
}
