import type { Chart } from '../chart.ts'
import { ROLES } from '../platform.ts'
import type { TargetFunction } from './target-function.ts'

/** A part of the platform that runs beside the functions. */
export interface TargetService {
  readonly name: 'gateway' | 'relay' | 'migrate'
  /** By the names of its settings, the secrets that it gets them from. */
  readonly secrets: Readonly<Record<string, string>>
  readonly settings: Readonly<Record<string, unknown>>
  readonly resources: Chart['gateway']['resources']
}

/** Each of them has a database role, and no secret of another one's. */
const database = (part: 'GATEWAY' | 'RELAY') => ({
  DATABASE_URL: `${part}_DATABASE_URL`,
  DATABASE_DIRECT_URL: `${part}_DATABASE_DIRECT_URL`,
})
const same = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, name]))

/** Gateway, relay and the job that migrates, where a platform has no operator of ours: `upstreams` says where functions are. */
export function targetServices(
  functions: readonly TargetFunction[],
  { chart, upstreams }: { readonly chart: Chart; readonly upstreams: string },
): Readonly<Record<TargetService['name'], TargetService>> {
  const { gateway, relay, migrate } = chart
  const signing = [...new Set(functions.flatMap(({ signedBy = [] }) => signedBy))]
  const redis = functions.some(({ uses }) => uses.includes('redis')) ? ['REDIS_URL'] : []
  const common = (poolMax: number) => ({
    ...{ EBB_UPSTREAM_TEMPLATE: upstreams, EBB_START_TIMEOUT_MS: String(gateway.startTimeoutMs) },
    ...{
      EBB_POOL_MAX: String(poolMax),
      LOG_LEVEL: 'info',
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRICS_EXPORTER: 'none',
    },
  })
  const keys = same(['EBB_IDENTITY_KEY', 'EBB_KEY_PEPPER', 'EBB_ADMIN_KEY', ...signing, ...redis])
  const roles = Object.entries(ROLES).map(([part, role]) => [`EBB_${part.toUpperCase()}_ROLE`, role])
  return {
    gateway: {
      name: 'gateway',
      secrets: { ...keys, ...database('GATEWAY') },
      settings: { ...common(gateway.poolMax), EBB_GATEWAY_REPLICAS: String(gateway.replicas) },
      resources: gateway.resources,
    },
    relay: {
      name: 'relay',
      secrets: { EBB_IDENTITY_KEY: 'RELAY_IDENTITY_KEY', ...database('RELAY') },
      // Its admin side is all that listens, and these platforms ask whatever runs whether it is there.
      settings: {
        ...common(relay.poolMax),
        EBB_ADMIN_PORT: '8080',
        OTEL_SERVICE_NAME: 'relay',
        OTEL_LOGS_EXPORTER: 'none',
      },
      resources: relay.resources,
    },
    migrate: {
      name: 'migrate',
      secrets: { DATABASE_DIRECT_URL: 'MIGRATION_DATABASE_URL' },
      settings: { LOG_LEVEL: 'info', ...Object.fromEntries(roles) },
      resources: migrate.resources,
    },
  }
}
