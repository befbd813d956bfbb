import type { Config } from '../config.ts'
import type { Log } from '../log.ts'

const PROTOCOLS = [
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
  'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL',
] as const
const PROPAGATORS = new Set(['tracecontext', 'baggage', 'none'])

/**
 * Warns of what a platform may well set for all its pods and nothing acts on here. The specification asks for a warning
 * and not for an end: who cannot be told of requests can serve them all the same.
 */
export function warnOfIgnored(config: Config, log: Pick<Log, 'warn'>): void {
  for (const name of PROTOCOLS) {
    if (config[name] !== 'grpc') continue
    log.warn(`${name}: grpc is not supported, http/protobuf is used: let OTEL_EXPORTER_OTLP_ENDPOINT be of port 4318`)
  }
  const ignored = config.OTEL_PROPAGATORS.filter((name) => !PROPAGATORS.has(name))
  if (ignored.length > 0) log.warn(`OTEL_PROPAGATORS: ${ignored.join(', ')} not supported, and left out`)
}
