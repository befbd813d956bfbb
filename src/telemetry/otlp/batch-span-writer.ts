import { context, type Span, TraceFlags } from '@opentelemetry/api'
import { type InstrumentationScope, suppressTracing } from '@opentelemetry/core'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace'
import type { Config } from '../../kernel/config.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { writeResource, writeScope, writeSpan } from './write-span.ts'

/** An ExportTraceServiceRequest with the spans of one tracer, and how many these are. */
export interface SpanBatch {
  /** Valid until the batch has been sent. */
  readonly bytes: Uint8Array
  readonly spans: number
}

interface OpenBatch {
  readonly writer: ProtobufWriter
  /** Where the enclosing messages begin, the inner one first. */
  readonly messages: readonly number[]
  spans: number
}

interface FullBatch extends SpanBatch {
  readonly writer: ProtobufWriter
}

/** As many as a process uses alternately; there are more only after a collector was unreachable. */
const MAX_IDLE_WRITERS = 2

/** Calls back when the batch has been sent or dropped. */
export type SendBatch = (batch: SpanBatch, done: () => void) => void

type Limits = Pick<
  Config,
  'OTEL_BSP_MAX_QUEUE_SIZE' | 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE' | 'OTEL_BSP_SCHEDULE_DELAY' | 'OTEL_BSP_EXPORT_TIMEOUT'
>

/**
 * The batching processor of the OpenTelemetry specification for OTLP in protobuf: it serializes each span when it ends,
 * where the SDK's own keeps the span until the batch is sent. As bytes, a span has a tenth of its size as objects, which the
 * garbage collector would have to visit for as long as they wait (bench/own-parts/spans.ts).
 */
export class BatchSpanWriter implements SpanProcessor {
  readonly #limits: Limits
  readonly #send: SendBatch
  /** The spans of each tracer that have ended since its last batch. */
  readonly #open = new Map<InstrumentationScope, OpenBatch>()
  /** Writers whose batches have been sent. Allocating a new one for each batch would cost more than the writing. */
  readonly #idle: ProtobufWriter[] = []
  #spans = 0
  readonly #full: FullBatch[] = []
  #waiting = 0
  #sending: Promise<void> | undefined
  #due: NodeJS.Timeout | undefined
  #isShutDown = false

  constructor(limits: Limits, send: SendBatch) {
    this.#limits = limits
    this.#send = send
  }

  onStart(): void {}

  /** Drops the span where the queue is full. */
  onEnd(span: Span & ReadableSpan): void {
    if (this.#isShutDown || !(span.spanContext().traceFlags & TraceFlags.SAMPLED)) return
    if (this.#waiting >= this.#limits.OTEL_BSP_MAX_QUEUE_SIZE) return
    const batch = this.#batchOf(span)
    writeSpan(batch.writer, 2, span)
    batch.spans++
    this.#spans++
    this.#waiting++
    if (this.#spans >= Math.min(this.#limits.OTEL_BSP_MAX_EXPORT_BATCH_SIZE, this.#limits.OTEL_BSP_MAX_QUEUE_SIZE)) {
      this.#close()
      this.#sendNext()
    }
    this.#due ??= setTimeout(() => void this.forceFlush(), this.#limits.OTEL_BSP_SCHEDULE_DELAY).unref()
  }

  /** Resolves when all spans that have ended until now are sent or dropped. */
  async forceFlush(): Promise<void> {
    clearTimeout(this.#due)
    this.#due = undefined
    this.#close()
    this.#sendNext()
    await this.#sending
  }

  async shutdown(): Promise<void> {
    this.#isShutDown = true
    await this.forceFlush()
  }

  #batchOf({ instrumentationScope: scope, resource }: ReadableSpan): OpenBatch {
    const known = this.#open.get(scope)
    if (known) return known
    const writer = this.#idle.pop() ?? new ProtobufWriter()
    const ofResource = writer.open(1)
    writeResource(writer, 1, resource)
    const ofScope = writer.open(2)
    writeScope(writer, 1, scope)
    const batch = { writer, messages: [ofScope, ofResource], spans: 0 }
    this.#open.set(scope, batch)
    return batch
  }

  #close() {
    for (const { writer, messages, spans } of this.#open.values()) {
      for (const start of messages) writer.close(start)
      this.#full.push({ writer, spans, bytes: writer.written })
    }
    this.#open.clear()
    this.#spans = 0
  }

  #sendNext() {
    if (!this.#sending && this.#full.length > 0) this.#sending = this.#sendAll()
  }

  /** Sends one batch after the other, as long as there are any. */
  async #sendAll() {
    for (let batch = this.#full.shift(); batch; batch = this.#full.shift()) {
      await this.#sendOne(batch)
      this.#waiting -= batch.spans
    }
    this.#sending = undefined
  }

  #sendOne({ writer, bytes, spans }: FullBatch): Promise<void> {
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, this.#limits.OTEL_BSP_EXPORT_TIMEOUT).unref()
      const done = () => {
        clearTimeout(limit)
        writer.clear()
        if (this.#idle.length < MAX_IDLE_WRITERS) this.#idle.push(writer)
        resolve()
      }
      context.with(suppressTracing(context.active()), () => this.#send({ bytes, spans }, done))
    })
  }
}
