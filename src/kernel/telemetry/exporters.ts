import type { ExportResult } from '@opentelemetry/core'
import { OTLPMetricExporter as MetricsAsJson } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as MetricsAsProtobuf } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter as SpansAsJson } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as SpansAsProtobuf } from '@opentelemetry/exporter-trace-otlp-proto'
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'

type Told = Pick<Log, 'info' | 'warn'>

/** An exporter of spans that is made, and its code loaded, when there is something to send. */
export function spanExporter(config: Config, log: Told): SpanExporter {
  const protocol = config.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? config.OTEL_EXPORTER_OTLP_PROTOCOL
  const make = () => (protocol === 'http/json' ? new SpansAsJson() : new SpansAsProtobuf())
  const tell = tellTurns('spans', log)
  let made: SpanExporter | undefined
  return {
    export: (spans, done) => {
      made ??= make()
      made.export(spans, (result) => done(tell(result)))
    },
    shutdown: async () => made?.shutdown(),
  }
}

/** An exporter of metrics, which tells of its failures as that of spans does. */
export function metricExporter(config: Config, log: Told): PushMetricExporter {
  const protocol = config.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL ?? config.OTEL_EXPORTER_OTLP_PROTOCOL
  const exporter = protocol === 'http/json' ? new MetricsAsJson() : new MetricsAsProtobuf()
  const tell = tellTurns('metrics', log)
  return {
    export: (metrics, done) => exporter.export(metrics, (result) => done(tell(result))),
    selectAggregationTemporality: (type) => exporter.selectAggregationTemporality(type),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  }
}

const FAILED = 1

/** One line when nothing gets out any more, and one when it does again. Whatever comes of it, no request is told. */
function tellTurns(what: string, log: Told) {
  let failing = false
  return (result: ExportResult): ExportResult => {
    const failed = result.code === FAILED
    if (failed && !failing) log.warn({ reason: result.error?.message }, `${what} cannot be exported; they are dropped`)
    if (!failed && failing) log.info(`${what} are exported again`)
    failing = failed
    return result
  }
}
