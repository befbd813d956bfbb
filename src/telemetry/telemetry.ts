import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { TracerProvider } from '@opentelemetry/sdk-trace'
import type { Config } from '../kernel/config.ts'
import type { Log } from '../kernel/log.ts'
import { type ColdStart, type ColdStartClock, coldStartPhases, createColdStartClock } from './cold-start.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { createSpanProcessor } from './otlp/exporters.ts'
import { redactSpans } from './redact-spans.ts'
import { setRequestTracer } from './request-spans.ts'
import type { createRequestTracer } from './request-tracer.ts'
import { createPropagator, createSampler, spanLimitsOf, telemetryResource, warnOfUnsupported } from './sdk-options.ts'
import { type CompletedRequest, traceServer } from './server-spans.ts'
import { traceStores } from './store-spans.ts'
import { traceUndici } from './undici-spans.ts'

/** The traces and metrics of one process. */
export interface Telemetry extends Pick<ColdStartClock, 'loaded' | 'ready'> {
  readonly scrape: Metrics['scrape']
  /** Exports what is left, within the limit; never rejects. */
  shutdown(options: { readonly limitMs: number }): Promise<void>
}

/** What telemetry needs to know of the process that it observes. */
export interface TelemetryOptions {
  readonly name: string
  readonly log: Log
  /**
   * Given by a service that passes requests on: it is scraped on its admin port, and begins and ends their spans itself
   * (`beginServerSpan`). Otherwise this is a function, which measures its cold start and pushes its metrics.
   */
  readonly createRequestTracer?: typeof createRequestTracer
}

/**
 * Starts the traces and metrics of this process: the official OpenTelemetry SDK, fed by the diagnostics channels of Node,
 * undici and ioredis, and by our own of Postgres statements. Where an SDK was loaded before (`--require`), it does nothing.
 * To be called once, before the process accepts requests.
 */
export function startTelemetry(config: Config, { name, log, createRequestTracer }: TelemetryOptions): Telemetry {
  const clock = createColdStartClock()
  const off = { ...clock, scrape: undefined, shutdown: async () => {} }
  if (config.OTEL_SDK_DISABLED) return off
  const resource = telemetryResource(config, name)
  warnOfUnsupported(config, log)
  const exporter = config.OTEL_TRACES_EXPORTER === 'none' ? undefined : createSpanProcessor(config, log)
  const spanProcessors = exporter ? [redactSpans, exporter] : []
  const sampler = createSampler(config)
  const { spanLimits, limitsAttributes } = spanLimitsOf(config)
  const provider = new TracerProvider({ resource, sampler, spanProcessors, spanLimits })
  // False where an SDK is registered already.
  if (!trace.setGlobalTracerProvider(provider)) return off
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(createPropagator(config))
  const metrics = createRequestTracer ? undefined : createMetrics({ config, resource, log })
  const tracer = provider.getTracer('ebb')
  if (metrics) {
    const onCompleted = (request: CompletedRequest) => {
      metrics.recordRequest(request)
      const cold = request.routeAttributes ? clock.firstResponse() : undefined
      if (!cold || !request.routeAttributes) return undefined
      metrics.recordColdStart(cold, request.routeAttributes.route)
      log.info({ coldStart: roundParts(cold), route: request.routeAttributes.route }, 'cold start')
      return { 'faas.coldstart': true, ...coldStartAttributes(cold) }
    }
    traceServer({ tracer, limitsAttributes, isBehindGateway: true, onCompleted })
  } else if (createRequestTracer && exporter) {
    const propagates = config.OTEL_PROPAGATORS.includes('tracecontext')
    const limits = limitsAttributes ? spanLimits : undefined
    setRequestTracer(createRequestTracer({ resource, sampler, processors: spanProcessors, limits, propagates }))
  }
  traceUndici(tracer)
  traceStores(tracer)
  return {
    ...{ loaded: clock.loaded, ready: clock.ready, scrape: metrics?.scrape },
    shutdown: async ({ limitMs }) => {
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const limit = setTimeout(resolve, limitMs)
      await Promise.race([late, Promise.allSettled([provider.shutdown(), metrics?.shutdown()])])
      clearTimeout(limit)
    },
  }
}

const coldStartAttributes = (cold: ColdStart) =>
  Object.fromEntries(coldStartPhases(cold).map(([part, ms]) => [`ebb.cold_start.${part}_ms`, round(ms)]))

const roundParts = (cold: ColdStart) => Object.fromEntries(Object.entries(cold).map(([part, ms]) => [part, round(ms)]))

const round = (ms: number) => Math.round(ms * 10) / 10
