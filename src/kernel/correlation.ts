/**
 * What every request, event and mail carries on, so that a click can be traced to the e-mail that it causes.
 */
export interface Correlation {
  /** Names the request from outside that all of it belongs to; callers find it in `X-Correlation-ID`. */
  readonly correlationId: string
  /** The place in the trace (W3C Trace Context), to be sent as `traceparent`. */
  readonly traceparent: string
}

/** The trace id of a `traceparent`: 32 hexadecimal digits. */
export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35)
