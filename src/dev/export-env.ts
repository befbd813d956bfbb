import { inheritedEnvByPrefix } from '../kernel/index.ts'

/** Where the processes of the laptop send their spans. */
export type ExportEnv = Readonly<Record<string, string>>

/** Nothing is kept: what is run once has nobody who would look. */
const NOTHING: ExportEnv = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' }

/**
 * OpenTelemetry's own variables, as they were set. Where they name no collector, spans go to `endpoint` soon after they end, and
 * nowhere without one.
 */
export function exportEnv(endpoint?: string): ExportEnv {
  const settings = inheritedEnvByPrefix('OTEL_')
  if (hasCollector(settings)) return settings
  if (endpoint === undefined || settings.OTEL_TRACES_EXPORTER === 'none') return { ...NOTHING, ...settings }
  return {
    ...{ OTEL_METRICS_EXPORTER: 'none', OTEL_BSP_SCHEDULE_DELAY: '1000', ...settings },
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint,
  }
}

/** Whether a collector of the team's own gets the spans. */
export const hasCollector = (settings: ExportEnv): boolean =>
  Object.keys(settings).some((name) => /^OTEL_EXPORTER_OTLP_.*ENDPOINT$/.test(name))
