import type { DeployedFunction } from './platform.ts'

export interface Sizing {
  /**
   * The maximum of connections of one instance of a function, which is its `EBB_POOL_MAX`. A request that writes holds one as
   * long as it runs; of `scale.concurrency` requests the others wait, or are refused if they would wait too long (0030).
   */
  readonly poolMax: number
  /** The connections that the database accepts, or the pooler in front of it. */
  readonly maxConnections: number
}

/** With the bundled Postgres, which takes as many. */
export const DEFAULT_SIZING: Sizing = { poolMax: 2, maxConnections: 600 }

/** The replicas of the always-on services in the largest overlay. */
export const ALWAYS_ON = {
  poolMax: 5,
  replicas: { gateway: 3, relay: 2 },
} as const

/** Each of them also holds a connection for LISTEN. */
const LISTEN_CONNECTIONS = 1
const MIGRATION_CONNECTIONS = 1
/** Postgres reserves three for superusers; the others are for people and backups. */
const RESERVED_CONNECTIONS = 10
/** During a rollout the old instances are still there. */
const ROLLOUT_FACTOR = 2

/** Reports by how many connections the database is too small if every function that uses it scales as its contract allows. */
export function sizingIssues(
  placements: readonly DeployedFunction[],
  { poolMax, maxConnections }: Sizing,
): readonly string[] {
  const users = placements.filter(({ uses }) => uses.includes('postgres'))
  const instances = users.reduce((sum, { scale }) => sum + scale.max, 0)
  const { gateway, relay } = ALWAYS_ON.replicas
  const each = ALWAYS_ON.poolMax + LISTEN_CONNECTIONS
  const needed =
    ROLLOUT_FACTOR * (instances * poolMax + (gateway + relay) * each) + MIGRATION_CONNECTIONS + RESERVED_CONNECTIONS
  if (needed <= maxConnections) return []
  const sum =
    `${ROLLOUT_FACTOR} x (${instances} instances x ${poolMax} + ${gateway} gateways x ${each} + ${relay} relays x ${each}) + ` +
    `migration ${MIGRATION_CONNECTIONS} + reserve ${RESERVED_CONNECTIONS} = ${needed} connections`
  const largest = [...users].sort((a, b) => b.scale.max - a.scale.max).slice(0, 3)
  const names = largest.map(({ name, scale }) => `${name} ${scale.max}`).join(', ')
  return [
    `functions/*/contract.ts: scale.max: Postgres takes ${maxConnections} connections, ${needed - maxConnections} too few: ` +
      `while a revision rolls there are ${sum}. Lower scale.max (${names}), or --pool, or raise max_connections and say so ` +
      'with --max-connections',
  ]
}
