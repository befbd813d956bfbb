import { platformSecretsOf, type TargetFunction } from './target-function.ts'

interface SettingsOptions {
  readonly poolMax: number
  /** What says to those that call other functions where these are. */
  readonly upstreams: Readonly<Record<string, unknown>>
}

interface Settings {
  readonly settings: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, string>>
}

/** The settings of a function where it gets them as variables, and by their names the secrets that the others come from. */
export function settingsOf(one: TargetFunction, { poolMax, upstreams }: SettingsOptions): Settings {
  return {
    settings: {
      ...{
        EBB_POOL_MAX: String(poolMax),
        LOG_LEVEL: 'info',
        OTEL_TRACES_EXPORTER: 'none',
        OTEL_METRICS_EXPORTER: 'none',
      },
      ...(one.calls.length > 0 ? upstreams : {}),
    },
    secrets: Object.fromEntries([...platformSecretsOf(one), ...one.secrets].map((name) => [name, name])),
  }
}
