import { type Attributes, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api'
import type { InstrumentationScope } from '@opentelemetry/core'
import type { Resource } from '@opentelemetry/resources'
import {
  RandomIdGenerator,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
  type Span,
  type SpanLimits,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace'
import type { EndedSpan, RequestSpan, RequestTracer } from './request-spans.ts'

interface RequestTracerOptions {
  readonly resource: Resource
  readonly sampler: Sampler
  /** Get each span that has ended, one after the other. */
  readonly processors: readonly SpanProcessor[]
  /** Undefined where attributes are not limited. */
  readonly limits: Pick<SpanLimits, 'attributeCountLimit' | 'attributeValueLengthLimit'> | undefined
  /** Whether the `traceparent` of callers counts. */
  readonly propagates: boolean
}

const SCOPE: InstrumentationScope = { name: 'ebb' }
const NONE: readonly never[] = []
/** After which the clock of the process is compared with that of the system again. */
const ANCHOR_MS = 10_000

/** Makes the spans of requests that are only passed on, and gives them to the SDK's processor as the SDK would. */
export function createRequestTracer(options: RequestTracerOptions): RequestTracer {
  const { resource, sampler, processors, limits, propagates } = options
  const ids = new RandomIdGenerator()
  const toSystemTime = createClock()

  function isSampled(traceId: string, parentSpanId: string | undefined, flags: number): boolean {
    const remote = parentSpanId && { traceId, spanId: parentSpanId, traceFlags: flags, isRemote: true }
    const parent = remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT
    const { decision } = sampler.shouldSample(parent, traceId, 'HTTP', SpanKind.SERVER, {}, [])
    return decision === SamplingDecision.RECORD_AND_SAMPLED
  }

  return {
    begin(traceparent) {
      const isChild = propagates && traceparent !== undefined
      const traceId = isChild ? traceparent.slice(3, 35) : ids.generateTraceId()
      const parentSpanId = isChild ? traceparent.slice(36, 52) : undefined
      const flags = isChild ? Number.parseInt(traceparent.slice(53, 55), 16) & TraceFlags.SAMPLED : 0
      return {
        ...{ kind: SpanKind.SERVER, traceId, spanId: ids.generateSpanId(), parentSpanId, isParentRemote: isChild },
        ...{ isSampled: isSampled(traceId, parentSpanId, flags), startedAt: performance.now() },
      }
    },
    newSpanId: () => ids.generateSpanId(),
    end(span, ended) {
      const endTime = toSystemTime(performance.now())
      // The processor and its exporters read what a ReadableSpan has.
      const readable = toReadable(span, ended, { startTime: toSystemTime(span.startedAt), endTime })
      // Processors get what has ended: they read it, and change nothing of it by its methods.
      for (const processor of processors) processor.onEnd(readable as unknown as Span)
    },
  }

  function toReadable(
    { traceId, spanId, parentSpanId, isParentRemote, kind }: RequestSpan,
    { name, attributes, isError }: EndedSpan,
    times: Pick<ReadableSpan, 'startTime' | 'endTime'>,
  ) {
    const traceFlags = TraceFlags.SAMPLED
    return {
      ...{ name, kind, ...times, resource, instrumentationScope: SCOPE, ended: true },
      spanContext: () => ({ traceId, spanId, traceFlags }),
      parentSpanContext: parentSpanId && { traceId, spanId: parentSpanId, traceFlags, isRemote: isParentRemote },
      status: { code: isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
      attributes: limits ? limitAttributes(attributes, limits) : attributes,
      ...{ links: NONE, events: NONE, droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
    }
  }
}

function limitAttributes(
  attributes: Attributes,
  { attributeCountLimit, attributeValueLengthLimit }: NonNullable<RequestTracerOptions['limits']>,
): Attributes {
  const kept = Object.entries(attributes).slice(0, attributeCountLimit)
  const shorten = (value: unknown) => (typeof value === 'string' ? value.slice(0, attributeValueLengthLimit) : value)
  return Object.fromEntries(kept.map(([name, value]) => [name, shorten(value)])) as Attributes
}

/** Turns the process's own clock, which is fine and never goes back, into seconds and nanoseconds since 1970. */
function createClock() {
  let offset = 0
  let anchoredAt = Number.NEGATIVE_INFINITY
  return (at: number): [seconds: number, nanoseconds: number] => {
    const now = performance.now()
    if (now - anchoredAt > ANCHOR_MS) {
      offset = Date.now() - now
      anchoredAt = now
    }
    const ms = offset + at
    return [Math.floor(ms / 1_000), Math.floor((ms % 1_000) * 1_000_000)]
  }
}
