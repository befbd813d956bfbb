import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Attributes, Counter, Histogram, Meter } from '@opentelemetry/api'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import type { Resource } from '@opentelemetry/resources'
import {
  type IMetricReader,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import type { Config } from '../kernel/config.ts'
import { readReloads } from '../kernel/live-value.ts'
import type { Log } from '../kernel/log.ts'
import { VERSION } from '../kernel/version.ts'
import { type ColdStart, coldStartPhases } from './cold-start.ts'
import { meterObservers } from './meter-observers.ts'
import { createMetricExporter } from './otlp/exporters.ts'
import { replicaReads } from './replica-reads.ts'
import type { CompletedRequest } from './server-spans.ts'

/** What a function records about its requests and its start. */
export interface Metrics {
  recordRequest(request: CompletedRequest): void
  recordColdStart(coldStart: ColdStart, route: string): void
  /** Serves a scrape in the Prometheus text format; undefined where the settings do not ask for it. */
  readonly scrape: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
  /** Exports what is left. Rejects where that fails. */
  shutdown(): Promise<void>
}

/** The boundaries of the HTTP and FaaS semantic conventions. */
const BOUNDARIES_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
/** Loading the SDK must not delay the first responses. */
const LOAD_AFTER_MS = 250

interface MetricsOptions {
  readonly config: Config
  readonly resource: Resource
  readonly log: Pick<Log, 'info' | 'warn'>
}

/**
 * The metrics of a function, pushed by OTLP. The SDK is loaded some time after the first response; what is recorded until
 * then waits for it.
 */
export function createMetrics(options: MetricsOptions): Metrics {
  const { EBB_METRICS, OTEL_METRICS_EXPORTER } = options.config
  const waiting: ((instruments: Instruments) => void)[] = []
  let loaded: Instruments | undefined
  let timer: NodeJS.Timeout | undefined
  const load = () => {
    clearTimeout(timer)
    loaded ??= createInstruments(options)
    for (const record of waiting.splice(0)) record(loaded)
    return loaded
  }
  const isWanted = OTEL_METRICS_EXPORTER === 'otlp' || EBB_METRICS === 'scrape'
  const record = (work: (instruments: Instruments) => void) => {
    if (!isWanted) return
    if (loaded) return work(loaded)
    waiting.push(work)
    timer ??= setTimeout(load, LOAD_AFTER_MS).unref()
  }
  return {
    recordRequest: (request) =>
      record(({ durations }) => durations.record(request.seconds, durationAttributes(request))),
    recordColdStart: (coldStart, route) =>
      record(({ coldStarts, initDuration, phases }) => {
        const attributes = { 'http.route': route }
        coldStarts.add(1, attributes)
        initDuration.record(coldStart.readyMs / 1_000, attributes)
        for (const [phase, ms] of coldStartPhases(coldStart))
          phases.record(ms / 1_000, { ...attributes, 'ebb.cold_start.part': phase })
      }),
    scrape: EBB_METRICS === 'scrape' ? (_request, response) => load().scrape?.respond(response) : undefined,
    shutdown: async () => {
      if (timer) load()
      await loaded?.provider.shutdown()
    },
  }
}

interface Instruments {
  readonly provider: MeterProvider
  readonly scrape: ReturnType<typeof createScrapeEndpoint> | undefined
  readonly durations: Histogram
  readonly coldStarts: Counter
  readonly initDuration: Histogram
  readonly phases: Histogram
}

function createInstruments({ config, resource, log }: MetricsOptions): Instruments {
  const scrape = config.EBB_METRICS === 'scrape' ? createScrapeEndpoint() : undefined
  const readers: IMetricReader[] = scrape ? [scrape.reader] : []
  if (config.OTEL_METRICS_EXPORTER === 'otlp') {
    const exportIntervalMillis = config.OTEL_METRIC_EXPORT_INTERVAL
    const exportTimeoutMillis = Math.min(config.OTEL_METRIC_EXPORT_TIMEOUT, exportIntervalMillis)
    const exporter = createMetricExporter(config, log)
    readers.push(new PeriodicExportingMetricReader({ exporter, exportIntervalMillis, exportTimeoutMillis }))
  }
  const provider = new MeterProvider({ resource, readers })
  const meter = provider.getMeter('ebb')
  const build = { version: VERSION, revision: config.EBB_REVISION }
  meter
    .createObservableGauge('ebb.build_info', { description: 'Always 1: the version of Ebb and the revision that run.' })
    .addCallback((result) => result.observe(1, build))
  meter
    .createObservableGauge('ebb.setting.reloaded.timestamp', {
      ...{ unit: 's', description: 'When a setting or secret was last read again from its file and taken into use.' },
    })
    .addCallback((result) => {
      for (const [setting, { at }] of readReloads()) if (at !== undefined) result.observe(at / 1_000, { setting })
    })
  observeReplica(meter)
  for (const observe of meterObservers) observe(meter)
  const seconds = (name: string, description: string) =>
    meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries: BOUNDARIES_SECONDS } })
  return {
    ...{ provider, scrape },
    durations: seconds('http.server.request.duration', 'Duration of HTTP server requests.'),
    coldStarts: meter.createCounter('faas.coldstarts', { unit: '{coldstart}', description: 'Cold starts.' }),
    initDuration: seconds('faas.init_duration', 'From the start of the process until it listens.'),
    phases: seconds('ebb.cold_start.duration', 'The parts of a cold start, each from the start of the process.'),
  }
}

function observeReplica(meter: Meter) {
  meter
    .createObservableGauge('ebb.replica.up', {
      description: '1 while reads go to the replica of the database, else 0.',
    })
    .addCallback((result) => {
      if (replicaReads.known) result.observe(replicaReads.up ? 1 : 0)
    })
  meter
    .createObservableCounter('ebb.replica.reads', {
      ...{ unit: '{read}', description: 'Reads that may go to a replica, by the server that answered them.' },
    })
    .addCallback((result) => {
      if (!replicaReads.known) return
      for (const server of ['replica', 'database'] as const) result.observe(replicaReads[server], { server })
    })
}

const durationAttributes = ({ method, status, routeAttributes }: CompletedRequest): Attributes => ({
  'http.request.method': method,
  'url.scheme': 'http',
  'http.response.status_code': status,
  ...(routeAttributes ? { 'http.route': routeAttributes.route } : {}),
  ...(status >= 500 ? { 'error.type': String(status) } : {}),
})

/**
 * A reader of metrics, and the response to Prometheus. Names are those that a collector gives to what is pushed
 * (OpenTelemetry, Prometheus and OpenMetrics Compatibility), so that a dashboard fits both; the official exporter omits the
 * unit.
 */
function createScrapeEndpoint() {
  const reader = new PrometheusExporter({ preventServerStart: true })
  const serializer = new PrometheusSerializer()
  return {
    reader,
    respond: async (response: ServerResponse): Promise<void> => {
      const { resourceMetrics } = await reader.collect()
      const scopeMetrics = resourceMetrics.scopeMetrics.map((scope) => ({
        ...scope,
        metrics: scope.metrics.map(withUnit),
      }))
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
