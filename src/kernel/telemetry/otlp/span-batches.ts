import { context, type Span, TraceFlags } from '@opentelemetry/api'
import { type InstrumentationScope, suppressTracing } from '@opentelemetry/core'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace'
import type { Config } from '../../config.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { writeResource, writeScope, writeSpan } from './write-span.ts'

/** An ExportTraceServiceRequest, and how many spans are in it. */
export interface SpanBatch {
  readonly bytes: Uint8Array
  readonly spans: number
}

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
export class SpanBatches implements SpanProcessor {
  readonly #limits: Limits
  readonly #send: SendBatch
  /** What has ended of each tracer since the last batch, as a ScopeSpans message. */
  readonly #scopes = new Map<InstrumentationScope, ProtobufWriter>()
  readonly #request = new ProtobufWriter()
  #spans = 0
  #resource: ReadableSpan['resource'] | undefined
  readonly #full: SpanBatch[] = []
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
    this.#resource = span.resource
    writeSpan(this.#writerOf(span.instrumentationScope), 2, span)
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

  #writerOf(scope: InstrumentationScope): ProtobufWriter {
    const known = this.#scopes.get(scope)
    const writer = known ?? new ProtobufWriter()
    if (!known) this.#scopes.set(scope, writer)
    if (writer.length === 0) writeScope(writer, 1, scope)
    return writer
  }

  /** Makes one batch of what has ended. */
  #close() {
    if (this.#spans === 0 || !this.#resource) return
    const start = this.#request.open(1)
    writeResource(this.#request, 1, this.#resource)
    for (const writer of this.#scopes.values()) if (writer.length > 0) this.#request.bytes(2, writer.take())
    this.#request.close(start)
    this.#full.push({ bytes: this.#request.take(), spans: this.#spans })
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

  #sendOne(batch: SpanBatch): Promise<void> {
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, this.#limits.OTEL_BSP_EXPORT_TIMEOUT).unref()
      const done = () => {
        clearTimeout(limit)
        resolve()
      }
      context.with(suppressTracing(context.active()), () => this.#send(batch, done))
    })
  }
}
