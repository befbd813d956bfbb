import { context, type Span, TraceFlags } from '@opentelemetry/api'
import { type InstrumentationScope, suppressTracing } from '@opentelemetry/core'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace'
import type { Config } from '../../kernel/config.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { writeResource, writeScope, writeSpan } from './write-span.ts'

/** An ExportTraceServiceRequest of one tracer, and how many spans are in it. */
export interface SpanBatch {
  /** Good until it has arrived. */
  readonly bytes: Uint8Array
  readonly spans: number
}

interface OpenBatch {
  readonly writer: ProtobufWriter
  /** Where the messages that it is within begin, the inner one first. */
  readonly messages: readonly number[]
  spans: number
}

interface FullBatch extends SpanBatch {
  readonly writer: ProtobufWriter
}

/** As many as a process uses in turn; more are what a collector that was away has left. */
const MAX_IDLE_WRITERS = 2

/** Calls back when the batch has arrived, or was given up. */
export type SendBatch = (batch: SpanBatch, done: () => void) => void

type Limits = Pick<
  Config,
  'OTEL_BSP_MAX_QUEUE_SIZE' | 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE' | 'OTEL_BSP_SCHEDULE_DELAY' | 'OTEL_BSP_EXPORT_TIMEOUT'
>

/**
 * The batching processor of the OpenTelemetry specification, for OTLP in protobuf: it writes each span down when it ends,
 * where the SDK's own keeps it as it is until it is sent. A span in bytes is a tenth of one in objects, which the garbage
 * collector would have to look at for as long as it waits.
 */
export class BatchSpanWriter implements SpanProcessor {
  readonly #limits: Limits
  readonly #send: SendBatch
  /** What has ended of each tracer since its last batch. */
  readonly #open = new Map<InstrumentationScope, OpenBatch>()
  /** Writers whose batches have arrived. Fresh memory for each would cost more than the writing. */
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

  /** Beyond the queue's size, spans are dropped. */
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
      this.#begin()
    }
    this.#due ??= setTimeout(() => void this.forceFlush(), this.#limits.OTEL_BSP_SCHEDULE_DELAY).unref()
  }

  /** Resolves when what has ended until now is sent, or given up. */
  async forceFlush(): Promise<void> {
    clearTimeout(this.#due)
    this.#due = undefined
    this.#close()
    this.#begin()
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

  #begin() {
    if (!this.#sending && this.#full.length > 0) this.#sending = this.#sendAll()
  }

  /** One batch after the other, as long as there are any. */
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
