import { tracingChannel } from 'node:diagnostics_channel'
import { type Attributes, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'

export interface ChannelSpanOptions<Message> {
  /** Undefined where there is nothing to tell. */
  readonly describe: (message: Message) => { readonly name: string; readonly attributes: Attributes } | undefined
  readonly explain?: (fault: Error) => Attributes
}

/** A CLIENT span for each operation that a library publishes on a tracing channel on behalf of something that is traced. */
export function traceChannel<Message extends object>(
  channel: string,
  tracer: Tracer,
  { describe, explain = () => ({}) }: ChannelSpanOptions<Message>,
): void {
  const spans = new WeakMap<Message, Span>()
  const ignore = () => {}
  tracingChannel<Message, Message>(channel).subscribe({
    start: (message) => {
      if (!trace.getActiveSpan()) return
      const described = describe(message)
      if (!described) return
      const { name, attributes } = described
      spans.set(message, tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }))
    },
    end: ignore,
    asyncStart: ignore,
    asyncEnd: (message) => spans.get(message)?.end(),
    error: (message) => {
      const { error } = message
      const span = spans.get(message)
      if (!span || !(error instanceof Error)) return
      span.setAttributes({ 'error.type': error.name, ...explain(error) })
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message })
    },
  })
}
