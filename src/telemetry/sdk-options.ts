import { SDK_INFO } from '@opentelemetry/core'
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import { RandomIdGenerator, type SpanLimits } from '@opentelemetry/sdk-trace'
import type { Config } from '../kernel/config.ts'
import type { Log } from '../kernel/log.ts'

/** Whose telemetry it is: OTEL_RESOURCE_ATTRIBUTES first, then what the process knows of itself (semantic conventions). */
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

/** `key=value` pairs with commas between, percent-encoded (Resource SDK specification). */
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

/** The specification's. */
const COUNT_LIMIT = 128

/** The limits of spans that are set (the SDK itself reads no environment), and whether one of them is of attributes. */
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

const PROTOCOL_SETTINGS = [
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
  'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL',
] as const
const PROPAGATORS = new Set(['tracecontext', 'baggage', 'none'])

/**
 * Warns of values that a platform may set for all its pods and that nothing here acts on. The OpenTelemetry
 * specification asks for a warning: requests can be served without traces.
 */
export function warnOfUnsupported(config: Config, log: Pick<Log, 'warn'>): void {
  for (const name of PROTOCOL_SETTINGS) {
    if (config[name] !== 'grpc') continue
    log.warn(`${name}: grpc is not supported, http/protobuf is used: let OTEL_EXPORTER_OTLP_ENDPOINT be of port 4318`)
  }
  const ignored = config.OTEL_PROPAGATORS.filter((name) => !PROPAGATORS.has(name))
  if (ignored.length > 0) log.warn(`OTEL_PROPAGATORS: ${ignored.join(', ')} not supported, and left out`)
}
