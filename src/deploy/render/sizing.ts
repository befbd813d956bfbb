import type { DeployedFunction } from './platform.ts'

export interface Sizing {
  /**
   * The connections of one instance of a function, at most: `EBB_POOL_MAX` there. A request that writes holds one for as
   * long as it runs; of `scale.concurrency` requests the others wait, and are refused where that would be in vain (0030).
   */
  readonly poolMax: number
  /** What the database takes, or the pooler that stands before it. */
  readonly maxConnections: number
}

/** With the bundled Postgres, which takes as many. */
export const DEFAULT_SIZING: Sizing = { poolMax: 2, maxConnections: 600 }

/** The always-on parts, as many of them as the largest overlay has. */
export const ALWAYS_ON = {
  poolMax: 5,
  replicas: { gateway: 3, relay: 2 },
} as const

/** Each of them listens on a connection of its own. */
const LISTEN_CONNECTIONS = 1
const MIGRATION_CONNECTIONS = 1
/** Postgres keeps three for superusers; the others are for people and backups. */
const RESERVED_CONNECTIONS = 10
/** While a revision rolls, the old instances are still there. */
const ROLLOUT_FACTOR = 2

/** Says by how much the database is too small, where every function that uses it may scale as its contract allows. */
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
