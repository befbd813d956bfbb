import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Counter, Histogram } from '@opentelemetry/api'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import type { Resource } from '@opentelemetry/resources'
import {
  type IMetricReader,
  MeterProvider,
  type MetricData,
  type MetricProducer,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import type { Config } from '../kernel/config.ts'
import type { Log } from '../kernel/log.ts'
import { type ColdStart, coldStartParts } from './cold-start.ts'
import { createMetricExporter } from './otlp/exporters.ts'
import { createRequestDurations, DURATION_BOUNDARIES_SECONDS } from './request-durations.ts'
import type { CompletedRequest } from './server-spans.ts'

export interface Metrics {
  recordRequest(served: CompletedRequest): void
  recordColdStart(coldStart: ColdStart, route: string): void
  /** Answers a scrape in the Prometheus text format, where the settings ask for that. */
  readonly scrape: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
  /** Sends what there is; rejects where that fails. */
  shutdown(): Promise<void>
}

/** Loading the metrics' code must not hold up the first answers. */
const LOAD_AFTER_MS = 250
interface MetricsOptions {
  readonly config: Config
  readonly resource: Resource
  readonly log: Pick<Log, 'info' | 'warn'>
}

/** The function's metrics, pushed by OTLP. Their code is loaded some time after the first answer; nothing is lost meanwhile. */
export function createMetrics(options: MetricsOptions): Metrics {
  const durations = createRequestDurations()
  const waiting: ((instruments: Instruments) => void)[] = []
  let opened: Instruments | undefined
  let timer: NodeJS.Timeout | undefined
  const open = () => {
    clearTimeout(timer)
    opened ??= createInstruments(options, [durations.producer(options.resource)])
    for (const record of waiting.splice(0)) record(opened)
    return opened
  }
  const isWanted = options.config.OTEL_METRICS_EXPORTER === 'otlp' || options.config.EBB_METRICS === 'scrape'
  const record = (work: (instruments: Instruments) => void) => {
    if (!isWanted) return
    if (opened) work(opened)
    else waiting.push(work)
  }
  return {
    recordRequest: (served) => {
      if (!isWanted) return
      durations.record(served)
      if (!opened) timer ??= setTimeout(open, LOAD_AFTER_MS).unref()
    },
    recordColdStart: (coldStart, route) =>
      record(({ coldStarts, initDuration, parts }) => {
        const attributes = { 'http.route': route }
        coldStarts.add(1, attributes)
        initDuration.record(coldStart.readyMs / 1_000, attributes)
        for (const [part, ms] of coldStartParts(coldStart))
          parts.record(ms / 1_000, { ...attributes, 'ebb.cold_start.part': part })
      }),
    scrape:
      options.config.EBB_METRICS === 'scrape' ? (_request, response) => open().scrape?.answer(response) : undefined,
    shutdown: async () => {
      if (timer) open()
      clearTimeout(timer)
      await opened?.provider.shutdown()
    },
  }
}

interface Instruments {
  readonly provider: MeterProvider
  readonly scrape: ReturnType<typeof createScrapeEndpoint> | undefined
  readonly coldStarts: Counter
  readonly initDuration: Histogram
  readonly parts: Histogram
}

function createInstruments({ config, resource, log }: MetricsOptions, metricProducers: MetricProducer[]): Instruments {
  const scrape = config.EBB_METRICS === 'scrape' ? createScrapeEndpoint(metricProducers) : undefined
  const readers: IMetricReader[] = scrape ? [scrape.reader] : []
  if (config.OTEL_METRICS_EXPORTER === 'otlp') {
    const exportIntervalMillis = config.OTEL_METRIC_EXPORT_INTERVAL
    const exportTimeoutMillis = Math.min(config.OTEL_METRIC_EXPORT_TIMEOUT, exportIntervalMillis)
    const exporter = createMetricExporter(config, log)
    readers.push(
      new PeriodicExportingMetricReader({ exporter, exportIntervalMillis, exportTimeoutMillis, metricProducers }),
    )
  }
  const provider = new MeterProvider({ resource, readers })
  const meter = provider.getMeter('ebb')
  const seconds = (name: string, description: string) =>
    meter.createHistogram(name, {
      unit: 's',
      description,
      advice: { explicitBucketBoundaries: [...DURATION_BOUNDARIES_SECONDS] },
    })
  return {
    ...{ provider, scrape },
    coldStarts: meter.createCounter('faas.coldstarts', { unit: '{coldstart}', description: 'Cold starts.' }),
    initDuration: seconds('faas.init_duration', 'From the start of the process until it listens.'),
    parts: seconds('ebb.cold_start.duration', 'The parts of a cold start, each from the start of the process.'),
  }
}

/**
 * A reader of metrics, and the answer to Prometheus. Names are those that a collector makes of what is pushed
 * (OpenTelemetry, Prometheus and OpenMetrics Compatibility), so that a dashboard is good for both; the official exporter
 * leaves out the unit.
 */
function createScrapeEndpoint(metricProducers: MetricProducer[]) {
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
