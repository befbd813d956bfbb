import { tracingChannel } from 'node:diagnostics_channel'
import { type Attributes, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'

/** What may be told of a fault, which is no value that was sent. */
export interface Explained {
  /** A code, or the fault's name. */
  readonly type: string
  readonly message: string
  readonly attributes?: Attributes
}

export interface ChannelSpanOptions<Message> {
  readonly describe: (message: Message) => { readonly name: string; readonly attributes: Attributes }
  readonly explain: (fault: Error) => Explained
}

/** A CLIENT span for each operation that a library publishes on a tracing channel on behalf of something that is traced. */
export function traceChannel<Message extends object>(
  channel: string,
  tracer: Tracer,
  { describe, explain }: ChannelSpanOptions<Message>,
): void {
  const spans = new WeakMap<Message, Span>()
  const ignore = () => {}
  tracingChannel<Message, Message>(channel).subscribe({
    start: (message) => {
      if (!trace.getActiveSpan()) return
      const { name, attributes } = describe(message)
      spans.set(message, tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }))
    },
    end: ignore,
    asyncStart: ignore,
    asyncEnd: (message) => spans.get(message)?.end(),
    error: (message) => {
      const { error } = message
      const span = spans.get(message)
      if (!span || !(error instanceof Error)) return
      const { type, message: said, attributes } = explain(error)
      span.setAttributes({ 'error.type': type, ...attributes })
      // Without its stack, which begins with its own message.
      span.recordException({ code: type, message: said })
      span.setStatus({ code: SpanStatusCode.ERROR, message: said })
    },
  })
}
