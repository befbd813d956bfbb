import type { Config } from '../config.ts'
import type { Log } from '../log.ts'

const PROTOCOLS = [
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
  'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL',
] as const
const PROPAGATORS = new Set(['tracecontext', 'baggage', 'none'])

/**
 * Warns of values that a platform may set for all its pods and that nothing here acts on. The OpenTelemetry
 * specification asks for a warning: requests can be served without traces.
 */
export function warnOfIgnored(config: Config, log: Pick<Log, 'warn'>): void {
  for (const name of PROTOCOLS) {
    if (config[name] !== 'grpc') continue
    log.warn(`${name}: grpc is not supported, http/protobuf is used: let OTEL_EXPORTER_OTLP_ENDPOINT be of port 4318`)
  }
  const ignored = config.OTEL_PROPAGATORS.filter((name) => !PROPAGATORS.has(name))
  if (ignored.length > 0) log.warn(`OTEL_PROPAGATORS: ${ignored.join(', ')} not supported, and left out`)
}
