import type { ExportResult } from '@opentelemetry/core'
import { OTLPMetricExporter as MetricsAsJson } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as MetricsAsProtobuf } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter as SpansAsJson } from '@opentelemetry/exporter-trace-otlp-http'
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from '@opentelemetry/otlp-exporter-base/node-http'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace'
import type { Config } from '../../kernel/config.ts'
import type { Log } from '../../kernel/log.ts'
import { BatchSpanWriter, type SendBatch, type SpanBatch } from './batch-span-writer.ts'

type ExportLog = Pick<Log, 'info' | 'warn'>

/** What sends the spans that end, in the form that is asked for. The code that sends is loaded when there is something to send. */
export function createSpanProcessor(config: Config, log: ExportLog): SpanProcessor {
  const protocol = config.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? config.OTEL_EXPORTER_OTLP_PROTOCOL
  const tell = logTransitions('spans', log)
  if (protocol !== 'http/json') return new BatchSpanWriter(config, createBatchSender(tell))
  let made: SpanExporter | undefined
  const exporter: SpanExporter = {
    export: (spans, done) => {
      made ??= new SpansAsJson()
      made.export(spans, (result) => done(tell(result)))
    },
    shutdown: async () => made?.shutdown(),
  }
  return new BatchSpanProcessor({
    exporter,
    maxQueueSize: config.OTEL_BSP_MAX_QUEUE_SIZE,
    maxExportBatchSize: config.OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
    scheduledDelayMillis: config.OTEL_BSP_SCHEDULE_DELAY,
    exportTimeoutMillis: config.OTEL_BSP_EXPORT_TIMEOUT,
  })
}

/** The official exporter's way to a collector, for what is in bytes already. */
function createBatchSender(tell: ReturnType<typeof logTransitions>): SendBatch {
  const make = () =>
    createOtlpHttpExportDelegate<SpanBatch, unknown>(
      convertLegacyHttpOptions({}, 'TRACES', 'v1/traces', { 'Content-Type': 'application/x-protobuf' }),
      { serializeRequest: ({ bytes }) => bytes, deserializeResponse: ProtobufTraceSerializer.deserializeResponse },
      'otlp_http_span_exporter',
      { name: 'span', countItems: ({ spans }) => spans },
      undefined,
    )
  let made: ReturnType<typeof make> | undefined
  return (batch, done) => {
    made ??= make()
    made.export(batch, (result) => {
      tell(result)
      done()
    })
  }
}

/** An exporter of metrics, which tells of its failures as that of spans does. */
export function createMetricExporter(config: Config, log: ExportLog): PushMetricExporter {
  const protocol = config.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL ?? config.OTEL_EXPORTER_OTLP_PROTOCOL
  const exporter = protocol === 'http/json' ? new MetricsAsJson() : new MetricsAsProtobuf()
  const tell = logTransitions('metrics', log)
  return {
    export: (metrics, done) => exporter.export(metrics, (result) => done(tell(result))),
    selectAggregationTemporality: (type) => exporter.selectAggregationTemporality(type),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  }
}

const FAILED = 1

/** One line when nothing gets out any more, and one when it does again. Whatever comes of it, no request is told. */
function logTransitions(what: string, log: ExportLog) {
  let failing = false
  return (result: ExportResult): ExportResult => {
    const failed = result.code === FAILED
    if (failed && !failing) log.warn({ reason: result.error?.message }, `${what} cannot be exported; they are dropped`)
    if (!failed && failing) log.info(`${what} are exported again`)
    failing = failed
    return result
  }
}
