import { type Attributes, SpanKind } from '@opentelemetry/api'

/** A span of a request that this process passes on, or of the call that passes it on. */
export interface RequestSpan {
  readonly kind: SpanKind.SERVER | SpanKind.CLIENT
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly isParentRemote: boolean
  readonly isSampled: boolean
  /** As of `performance.now()`. */
  readonly startedAt: number
}

/** What is known of it when it is over. */
export interface EndedSpan {
  readonly name: string
  readonly attributes: Attributes
  readonly isError: boolean
}

/** Makes and exports such spans; without an active context, which would cost a request more than all else of its trace. */
export interface RequestTracer {
  /** Begins the span of a request, with its `traceparent` where it has one that is well-formed. */
  readonly begin: (traceparent: string | undefined) => RequestSpan
  readonly end: (span: RequestSpan, ended: EndedSpan) => void
  readonly newSpanId: () => string
}

let tracer: RequestTracer | undefined

/** Traces the requests of this process from now on. */
export function setRequestTracer(given: RequestTracer): void {
  tracer = given
}

/** Begins the SERVER span of a request; undefined where nothing is traced. */
export const beginServerSpan = (traceparent: string | undefined): RequestSpan | undefined => tracer?.begin(traceparent)

/** Begins the CLIENT span of a call that belongs to a `traceparent`; undefined where nothing is traced. */
export function beginClientSpan(traceparent: string): RequestSpan | undefined {
  if (!tracer) return undefined
  return {
    ...{ kind: SpanKind.CLIENT, traceId: traceparent.slice(3, 35), spanId: tracer.newSpanId() },
    ...{ parentSpanId: traceparent.slice(36, 52), isParentRemote: false, isSampled: traceparent.endsWith('1') },
    startedAt: performance.now(),
  }
}

/** Ends a span. What `describe` returns is exported where the span is sampled; it is not called otherwise. */
export function endRequestSpan(span: RequestSpan | undefined, describe: () => EndedSpan): void {
  if (span?.isSampled) tracer?.end(span, describe())
}

/** The `traceparent` (W3C Trace Context) of what belongs to a span. */
export const traceparentOf = ({ traceId, spanId, isSampled }: RequestSpan): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`
