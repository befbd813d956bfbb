import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Config } from '../kernel/config.ts'
import type { Log } from '../kernel/log.ts'
import { type ColdStart, type ColdStartClock, coldStartParts, createColdStartClock } from './cold-start.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { createSpanProcessor } from './otlp/exporters.ts'
import { spanLimitsOf, telemetryResource, warnOfUnsupported } from './sdk-options.ts'
import { traceServer } from './server-spans.ts'
import { traceStores } from './store-spans.ts'
import { traceUndici } from './undici-spans.ts'

export interface Telemetry extends Pick<ColdStartClock, 'loaded' | 'ready'> {
  readonly scrape: Metrics['scrape']
  /** Sends what is not sent yet, within the limit; never rejects. */
  shutdown(options: { readonly limitMs: number }): Promise<void>
}

export interface TelemetryOptions {
  readonly name: string
  readonly log: Log
  /** A function starts cold, and pushes its metrics; a service is scraped for those on its admin port. */
  readonly kind: 'function' | 'service'
}

/**
 * Traces and metrics of this process: the official OpenTelemetry SDK, fed by the channels that Node, undici and ioredis
 * publish on by themselves, and by our own of Postgres statements. Where an SDK was loaded before (`--require`), that
 * one does it all. To be called once, before the process takes in requests.
 */
export function startTelemetry(config: Config, { name, log, kind }: TelemetryOptions): Telemetry {
  const clock = createColdStartClock()
  const off = { ...clock, scrape: undefined, shutdown: async () => {} }
  if (config.OTEL_SDK_DISABLED) return off
  const resource = telemetryResource(config, name)
  warnOfUnsupported(config, log)
  const spanProcessors = config.OTEL_TRACES_EXPORTER === 'none' ? [] : [createSpanProcessor(config, log)]
  const { spanLimits, limitsAttributes } = spanLimitsOf(config)
  const provider = new TracerProvider({ resource, sampler: samplerOf(config), spanProcessors, spanLimits })
  // Refused where an SDK is registered already.
  if (!trace.setGlobalTracerProvider(provider)) return off
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(propagatorOf(config))
  const metrics = kind === 'function' ? createMetrics({ config, resource, log }) : undefined
  const tracer = provider.getTracer('ebb')
  traceServer({
    ...{ tracer, limitsAttributes },
    isBehindGateway: kind === 'function',
    onCompleted: (served) => {
      metrics?.recordRequest(served)
      const cold = metrics && served.routeAttributes ? clock.firstResponse() : undefined
      if (!cold || !served.routeAttributes) return undefined
      metrics?.recordColdStart(cold, served.routeAttributes.route)
      log.info({ coldStart: roundParts(cold), route: served.routeAttributes.route }, 'cold start')
      return { 'faas.coldstart': true, ...coldStartAttributes(cold) }
    },
  })
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

function samplerOf({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: ratio }: Config): Sampler {
  const root = name.endsWith('always_off')
    ? new AlwaysOffSampler()
    : name.endsWith('ratio')
      ? new TraceIdRatioBasedSampler(ratio)
      : new AlwaysOnSampler()
  return name.startsWith('parentbased') ? new ParentBasedSampler({ root }) : root
}

function propagatorOf({ OTEL_PROPAGATORS: names }: Config) {
  const propagators = names.flatMap((name) =>
    name === 'tracecontext'
      ? [new W3CTraceContextPropagator()]
      : name === 'baggage'
        ? [new W3CBaggagePropagator()]
        : [],
  )
  return new CompositePropagator({ propagators })
}

const coldStartAttributes = (cold: ColdStart) =>
  Object.fromEntries(coldStartParts(cold).map(([part, ms]) => [`ebb.cold_start.${part}_ms`, round(ms)]))

const roundParts = (cold: ColdStart) => Object.fromEntries(Object.entries(cold).map(([part, ms]) => [part, round(ms)]))

const round = (ms: number) => Math.round(ms * 10) / 10
