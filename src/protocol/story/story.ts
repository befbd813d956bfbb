/** What a step of a request is about. */
export type StepKind = 'request' | 'start' | 'statement' | 'call' | 'event' | 'delivery' | 'mail' | 'wait' | 'log'

/** Something that happened to a request. */
export interface Step {
  /** Since the first one began. */
  readonly atMs: number
  readonly durationMs: number | null
  /** gateway, relay, or the function. */
  readonly part: string
  readonly kind: StepKind
  readonly says: string
  readonly failed: boolean
  /** The stack of what was thrown, with its causes: the project's own frames, where it has any. */
  readonly error?: string
  /** The span that it is. */
  readonly traceId?: string
  readonly spanId?: string
}

export interface TimedStep extends Omit<Step, 'atMs'> {
  /** Milliseconds since 1970. */
  readonly startMs: number
}

/** What a step means for the whole. */
export interface Finding {
  readonly part: string
  readonly says: string
  /** The index of the step; null where it is of none. */
  readonly step: number | null
}

/** What is known of a request. */
export interface Story {
  /** That was asked for. */
  readonly id: string
  readonly correlationIds: readonly string[]
  readonly traceIds: readonly string[]
  /** RFC 3339. */
  readonly startedAt: string
  /** What failed, the first cause first; empty where nothing did. */
  readonly causes: readonly Finding[]
  /** What took half of the time of a slow request, or more. */
  readonly slowest: Finding | null
  readonly steps: readonly Step[]
  /** What could not be looked at, and where it is, in sentences. */
  readonly unseen: readonly string[]
}
