import {
  context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'

/** The traceparent of whatever runs now (W3C Trace Context); undefined where nothing is traced. */
export function activeTraceparent(): string | undefined {
  const active = trace.getActiveSpan()?.spanContext()
  return active && trace.isSpanContextValid(active) ? formatTraceparent(active) : undefined
}

const formatTraceparent = ({ traceId, spanId, traceFlags }: ReturnType<Span['spanContext']>) =>
  `00-${traceId}-${spanId}-${traceFlags & TraceFlags.SAMPLED ? '01' : '00'}`

export interface MessageSpan {
  readonly type: string
  readonly id: string
  /** Where the message came from, as a traceparent. */
  readonly link?: string | undefined
}

/**
 * Says that an event is sent, as a PRODUCER span (messaging semantic conventions). Answers the traceparent that the
 * event carries; undefined where nothing is traced.
 */
export function recordSendSpan({ type, id }: MessageSpan): string | undefined {
  if (!trace.getActiveSpan()) return undefined
  const span = tracer().startSpan(`send ${type}`, {
    kind: SpanKind.PRODUCER,
    attributes: messageAttributes('send', type, id),
  })
  span.end()
  return formatTraceparent(span.spanContext())
}

/** Runs what is done about an event as a CONSUMER span, linked to the span that sent it. */
export async function withProcessSpan<T>({ type, id, link }: MessageSpan, work: () => Promise<T>): Promise<T> {
  if (!trace.getActiveSpan()) return work()
  const options = {
    kind: SpanKind.CONSUMER,
    attributes: messageAttributes('process', type, id),
    links: link ? linksFrom(link) : [],
  }
  return tracer().startActiveSpan(`process ${type}`, options, async (span) => {
    try {
      return await work()
    } catch (fault) {
      span.setStatus({ code: SpanStatusCode.ERROR })
      span.setAttribute('error.type', fault instanceof Error ? fault.name : 'unknown')
      throw fault
    } finally {
      span.end()
    }
  })
}

/**
 * Runs work as the continuation of a trace that was written down, such as an event's. Where no SDK is loaded that
 * would put it on the wire, work is given the header to send.
 */
export function continueTrace<T>(traceparent: string, work: (headers: Readonly<Record<string, string>>) => T): T {
  const [parent] = linksFrom(traceparent)
  if (!parent) return work({})
  return context.with(trace.setSpanContext(ROOT_CONTEXT, { ...parent.context, isRemote: true }), () =>
    work(trace.getActiveSpan() ? {} : { traceparent }),
  )
}

const tracer = () => trace.getTracer('ebb')

const messageAttributes = (operation: 'send' | 'process', type: string, id: string) => ({
  'messaging.system': 'ebb',
  'messaging.operation.name': operation,
  'messaging.operation.type': operation,
  'messaging.destination.name': type,
  'messaging.message.id': id,
})

function linksFrom(traceparent: string): Link[] {
  const [, traceId = '', spanId = '', flags = '0'] = traceparent.split('-')
  const linked = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED }
  return trace.isSpanContextValid(linked) ? [{ context: linked }] : []
}
