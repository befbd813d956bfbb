import { randomBytes, randomUUID } from 'node:crypto'
import { context, type Link, ROOT_CONTEXT, type Span, SpanKind, TraceFlags, trace } from '@opentelemetry/api'
import type { Correlation } from '../kernel/index.ts'
import { endWith } from './end-with.ts'

const CORRELATION_ID = /^[\w.:-]{8,128}$/
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** Keeps a well-formed correlation id and traceparent (that of the active span comes first), and creates what is missing or malformed. */
export function correlate(correlationId: string | undefined, traceparent: string | undefined): Correlation {
  return {
    correlationId: toCorrelationId(correlationId),
    traceparent: activeTraceparent() ?? wellFormedTraceparent(traceparent) ?? newTraceparent(),
  }
}

/** The correlation id that a caller has sent, or a new one where that is missing or malformed. */
export const toCorrelationId = (given: string | undefined): string =>
  given !== undefined && CORRELATION_ID.test(given) ? given : randomUUID()

/** The traceparent that a caller has sent; undefined where it is malformed. */
export const wellFormedTraceparent = (traceparent: string | undefined): string | undefined =>
  traceparent !== undefined && TRACEPARENT.test(traceparent) ? traceparent : undefined

/** A traceparent of its own: what belongs to no trace yet. */
export const newTraceparent = () => {
  const random = randomBytes(24).toString('hex')
  return `00-${random.slice(0, 32)}-${random.slice(32)}-01`
}

/** The traceparent of the active span (W3C Trace Context); undefined where nothing is traced. */
export function activeTraceparent(): string | undefined {
  const active = trace.getActiveSpan()?.spanContext()
  return active && trace.isSpanContextValid(active) ? formatTraceparent(active) : undefined
}

const formatTraceparent = ({ traceId, spanId, traceFlags }: ReturnType<Span['spanContext']>) =>
  `00-${traceId}-${spanId}-${traceFlags & TraceFlags.SAMPLED ? '01' : '00'}`

/** The span of a message that is sent or processed. */
export interface MessageSpan {
  readonly type: string
  readonly id: string
  /** The traceparent of the span that sent the message. */
  readonly link?: string | undefined
}

/**
 * Records that an event is sent, as a PRODUCER span (messaging semantic conventions). Returns the traceparent that the
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

/** Writes a decision of the policy on the active span; where there are several, the last one. */
export function recordDecision(
  decision: Readonly<Record<'action' | 'type' | 'reason', string>> & { allowed: boolean },
) {
  const { action, type, allowed, reason } = decision
  trace.getActiveSpan()?.setAttributes({
    'ebb.policy.action': action,
    'ebb.policy.type': type,
    'ebb.policy.allowed': allowed,
    'ebb.policy.reason': reason,
  })
}

/** Runs the processing of an event, and of others beside it, in a CONSUMER span, which is linked to the spans that sent them. */
export async function withProcessSpan<T>(
  event: MessageSpan,
  work: () => Promise<T>,
  others: readonly MessageSpan[] = [],
): Promise<T> {
  if (!trace.getActiveSpan()) return work()
  const { type, id } = event
  const count = others.length > 0 ? { 'messaging.batch.message_count': others.length + 1 } : {}
  const options = {
    kind: SpanKind.CONSUMER,
    attributes: { ...messageAttributes('process', type, id), ...count },
    links: [event, ...others].flatMap(({ link }) => (link ? linksFrom(link) : [])),
  }
  return tracer().startActiveSpan(`process ${type}`, options, (span) => endWith(span, work))
}

/**
 * Runs `work` as the continuation of a stored trace, such as an event's. Where no SDK is loaded that would propagate it,
 * `work` gets the header to send.
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
