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

/** Creates the processor that exports ended spans, in the configured encoding. The exporter is loaded when there is something to send. */
export function createSpanProcessor(config: Config, log: ExportLog): SpanProcessor {
  const protocol = config.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? config.OTEL_EXPORTER_OTLP_PROTOCOL
  const logResult = logTransitions('spans', log)
  if (protocol !== 'http/json') return new BatchSpanWriter(config, createBatchSender(logResult))
  let loaded: SpanExporter | undefined
  const exporter: SpanExporter = {
    export: (spans, done) => {
      loaded ??= new SpansAsJson()
      loaded.export(spans, (result) => done(logResult(result)))
    },
    shutdown: async () => loaded?.shutdown(),
  }
  return new BatchSpanProcessor({
    exporter,
    maxQueueSize: config.OTEL_BSP_MAX_QUEUE_SIZE,
    maxExportBatchSize: config.OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
    scheduledDelayMillis: config.OTEL_BSP_SCHEDULE_DELAY,
    exportTimeoutMillis: config.OTEL_BSP_EXPORT_TIMEOUT,
  })
}

/** Sends bytes as the official exporter does, retries included. */
function createBatchSender(logResult: ReturnType<typeof logTransitions>): SendBatch {
  const load = () =>
    createOtlpHttpExportDelegate<SpanBatch, unknown>(
      convertLegacyHttpOptions({}, 'TRACES', 'v1/traces', { 'Content-Type': 'application/x-protobuf' }),
      { serializeRequest: ({ bytes }) => bytes, deserializeResponse: ProtobufTraceSerializer.deserializeResponse },
      'otlp_http_span_exporter',
      { name: 'span', countItems: ({ spans }) => spans },
      undefined,
    )
  let loaded: ReturnType<typeof load> | undefined
  return (batch, done) => {
    loaded ??= load()
    loaded.export(batch, (result) => {
      logResult(result)
      done()
    })
  }
}

/** Creates an exporter of metrics, which logs its failures like that of spans. */
export function createMetricExporter(config: Config, log: ExportLog): PushMetricExporter {
  const protocol = config.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL ?? config.OTEL_EXPORTER_OTLP_PROTOCOL
  const exporter = protocol === 'http/json' ? new MetricsAsJson() : new MetricsAsProtobuf()
  const logResult = logTransitions('metrics', log)
  return {
    export: (metrics, done) => exporter.export(metrics, (result) => done(logResult(result))),
    selectAggregationTemporality: (type) => exporter.selectAggregationTemporality(type),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  }
}

const FAILED = 1

/** Logs one line when exports begin to fail, and one when they succeed again. No request is affected by either. */
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
