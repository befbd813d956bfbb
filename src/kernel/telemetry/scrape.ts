import type { ServerResponse } from 'node:http'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import type { MetricData, MetricProducer } from '@opentelemetry/sdk-metrics'

/**
 * A reader of metrics, and the answer to Prometheus. Names are those that a collector makes of what is pushed
 * (OpenTelemetry, Prometheus and OpenMetrics Compatibility), so that a dashboard is good for both; the official exporter
 * leaves out the unit.
 */
export function openScrape(metricProducers: MetricProducer[]) {
  const reader = new PrometheusExporter({ preventServerStart: true, metricProducers })
  const serializer = new PrometheusSerializer()
  return {
    reader,
    answer: async (response: ServerResponse): Promise<void> => {
      const { resourceMetrics } = await reader.collect()
      const scopeMetrics = resourceMetrics.scopeMetrics.map((of) => ({ ...of, metrics: of.metrics.map(withUnit) }))
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
      response.end(serializer.serialize({ ...resourceMetrics, scopeMetrics }))
    },
  }
}

function withUnit(metric: MetricData): MetricData {
  const { descriptor } = metric
  if (descriptor.unit !== 's') return metric
  return { ...metric, descriptor: { ...descriptor, name: `${descriptor.name}.seconds`, unit: 'seconds' } }
}
