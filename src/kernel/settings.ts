import * as z from 'zod'

/** One setting: what makes its schema, and its value where it is not set. */
export type Setting = readonly [schema: () => z.ZodType<unknown, string>, otherwise: unknown]

export type ConfigOf<Settings extends Readonly<Record<string, Setting>>> = {
  readonly [Name in keyof Settings]: z.output<ReturnType<Settings[Name][0]>> | Settings[Name][1]
}

const boolean = () => z.stringbool({ truthy: ['true'], falsy: ['false'], case: 'insensitive' })
const positiveInteger = () => z.coerce.number<string>().int().positive()
const exporter = () => z.enum(['otlp', 'none'])
const limit = () => z.coerce.number<string>().int().min(0)
/** Known to the specification; `grpc` is not spoken here, and http/protobuf takes its place with a warning. */
const protocol = () => z.enum(['http/protobuf', 'http/json', 'grpc'])
/** Of these, the first two and `none` are acted on; the others are left out with a warning. */
const propagator = () => z.enum(['tracecontext', 'baggage', 'none', 'b3', 'b3multi', 'jaeger', 'xray', 'ottrace'])

/**
 * What functions and the gateway take from the OpenTelemetry specification's environment variables, with its defaults
 * (Environment Variable Specification 1.4x). The exporters themselves read OTEL_EXPORTER_OTLP_* for endpoint, headers,
 * time-out, compression and certificates.
 */
export const TELEMETRY_SETTINGS = {
  OTEL_SDK_DISABLED: [boolean, false],
  OTEL_SERVICE_NAME: [() => z.string(), undefined],
  OTEL_RESOURCE_ATTRIBUTES: [() => z.string(), undefined],
  OTEL_PROPAGATORS: [() => z.string().transform(splitList).pipe(z.array(propagator())), ['tracecontext', 'baggage']],
  OTEL_TRACES_EXPORTER: [exporter, 'otlp'],
  OTEL_TRACES_SAMPLER: [
    () =>
      z.enum([
        ...['always_on', 'always_off', 'traceidratio', 'parentbased_always_on', 'parentbased_always_off'],
        'parentbased_traceidratio',
      ] as const),
    'parentbased_always_on',
  ],
  OTEL_TRACES_SAMPLER_ARG: [() => z.coerce.number<string>().min(0).max(1), 1],
  OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: [limit, undefined],
  OTEL_ATTRIBUTE_COUNT_LIMIT: [limit, undefined],
  OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: [limit, undefined],
  OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: [limit, undefined],
  OTEL_SPAN_EVENT_COUNT_LIMIT: [limit, undefined],
  OTEL_SPAN_LINK_COUNT_LIMIT: [limit, undefined],
  OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: [limit, undefined],
  OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: [limit, undefined],
  OTEL_BSP_SCHEDULE_DELAY: [positiveInteger, 5_000],
  OTEL_BSP_EXPORT_TIMEOUT: [positiveInteger, 30_000],
  OTEL_BSP_MAX_QUEUE_SIZE: [positiveInteger, 2_048],
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: [positiveInteger, 512],
  OTEL_METRICS_EXPORTER: [exporter, 'otlp'],
  OTEL_METRIC_EXPORT_INTERVAL: [positiveInteger, 60_000],
  OTEL_METRIC_EXPORT_TIMEOUT: [positiveInteger, 30_000],
  OTEL_EXPORTER_OTLP_PROTOCOL: [protocol, 'http/protobuf'],
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: [protocol, undefined],
  OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: [protocol, undefined],
  /** `scrape` offers /metrics on the function's own port, besides what is pushed. */
  EBB_METRICS: [() => z.enum(['push', 'scrape']), 'push'],
} as const satisfies Readonly<Record<string, Setting>>

function splitList(text: string): string[] {
  return text.split(',').map((word) => word.trim())
}
