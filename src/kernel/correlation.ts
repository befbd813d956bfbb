/** What every message carries, so that one click can be followed to the e-mail. */
export interface Correlation {
  readonly correlationId: string
  /** W3C Trace Context. */
  readonly traceparent: string
}

export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35)
