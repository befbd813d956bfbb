import { CompositePropagator, SDK_INFO, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  RandomIdGenerator,
  type Sampler,
  SamplingDecision,
  type SpanLimits,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'
import type { Config } from '../kernel/config.ts'
import type { Log } from '../kernel/log.ts'

/** What the telemetry is about: OTEL_RESOURCE_ATTRIBUTES first, then what the process knows of itself (semantic conventions). */
export function telemetryResource(config: Config, name: string): Resource {
  const instance = new RandomIdGenerator().generateTraceId()
  return resourceFromAttributes({
    'faas.name': name,
    'faas.version': config.EBB_REVISION,
    'faas.instance': instance,
    'service.namespace': config.EBB_NAMESPACE,
    'service.version': config.EBB_REVISION,
    'service.instance.id': instance,
    'process.pid': process.pid,
    'process.runtime.version': process.versions.node,
    ...SDK_INFO,
    ...parseKeyValues(config.OTEL_RESOURCE_ATTRIBUTES),
    'service.name': config.OTEL_SERVICE_NAME ?? parseKeyValues(config.OTEL_RESOURCE_ATTRIBUTES)['service.name'] ?? name,
  })
}

/** Comma-separated `key=value` pairs, percent-encoded (Resource SDK specification). */
function parseKeyValues(text = ''): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.includes('='))
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at).trim(), decodeValue(pair.slice(at + 1).trim())]
    }),
  )
}

function decodeValue(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** The specification's default. */
const COUNT_LIMIT = 128

/** The configured limits of spans (the SDK itself reads no environment), and whether one of them limits attributes. */
export function spanLimitsOf(config: Config): { readonly spanLimits: SpanLimits; readonly limitsAttributes: boolean } {
  const count = config.OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT ?? config.OTEL_ATTRIBUTE_COUNT_LIMIT
  const length = config.OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT ?? config.OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT
  return {
    limitsAttributes: count !== undefined || length !== undefined,
    spanLimits: {
      attributeCountLimit: count ?? COUNT_LIMIT,
      attributeValueLengthLimit: length ?? Number.POSITIVE_INFINITY,
      eventCountLimit: config.OTEL_SPAN_EVENT_COUNT_LIMIT ?? COUNT_LIMIT,
      linkCountLimit: config.OTEL_SPAN_LINK_COUNT_LIMIT ?? COUNT_LIMIT,
      attributePerEventCountLimit: config.OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT ?? COUNT_LIMIT,
      attributePerLinkCountLimit: config.OTEL_LINK_ATTRIBUTE_COUNT_LIMIT ?? COUNT_LIMIT,
    },
  }
}

/** The sampler of OTEL_TRACES_SAMPLER, which begins no more than EBB_TRACES_PER_SECOND. */
export function createSampler(config: Config): Sampler {
  const { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: ratio, EBB_TRACES_PER_SECOND: perSecond } = config
  const root = name.endsWith('always_off')
    ? new AlwaysOffSampler()
    : name.endsWith('ratio')
      ? new TraceIdRatioBasedSampler(ratio)
      : new AlwaysOnSampler()
  const limited = perSecond === undefined ? root : limitRate(root, perSecond)
  return name.startsWith('parentbased') ? new ParentBasedSampler({ root: limited }) : limited
}

const SECOND_MS = 1_000

/** Samples what `sampler` does, and no more than so many in a second: a burst is traced as well as a quiet hour is. */
export function limitRate(sampler: Sampler, perSecond: number, now = () => performance.now()): Sampler {
  let secondBeganAt = Number.NEGATIVE_INFINITY
  let sampled = 0
  return {
    shouldSample(...about) {
      const result = sampler.shouldSample(...about)
      if (result.decision !== SamplingDecision.RECORD_AND_SAMPLED) return result
      if (now() - secondBeganAt >= SECOND_MS) {
        secondBeganAt = now()
        sampled = 0
      }
      sampled++
      return sampled > perSecond ? { decision: SamplingDecision.NOT_RECORD } : result
    },
    toString: () => `limitRate{${perSecond}/s, ${sampler}}`,
  }
}

/** The propagators of OTEL_PROPAGATORS; unsupported ones are left out. */
export function createPropagator({ OTEL_PROPAGATORS: names }: Config) {
  const propagators = names.flatMap((name) =>
    name === 'tracecontext'
      ? [new W3CTraceContextPropagator()]
      : name === 'baggage'
        ? [new W3CBaggagePropagator()]
        : [],
  )
  return new CompositePropagator({ propagators })
}

const PROTOCOL_SETTINGS = [
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
  'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL',
] as const
const PROPAGATORS = new Set(['tracecontext', 'baggage', 'none'])

/**
 * Warns of values that a platform may set for all its pods and that are not supported here. The OpenTelemetry specification
 * asks for a warning and no error: requests can be served without traces.
 */
export function warnOfUnsupported(config: Config, log: Pick<Log, 'warn'>): void {
  for (const name of PROTOCOL_SETTINGS) {
    if (config[name] !== 'grpc') continue
    log.warn(
      `${name}: grpc is not supported, http/protobuf is used: set OTEL_EXPORTER_OTLP_ENDPOINT to a URL with port 4318`,
    )
  }
  const ignored = config.OTEL_PROPAGATORS.filter((name) => !PROPAGATORS.has(name))
  if (ignored.length > 0) log.warn(`OTEL_PROPAGATORS: ${ignored.join(', ')} not supported and ignored`)
}
