import type { Chart } from './chart.ts'
import type { DeployedFunction } from './platform.ts'

/** The numbers by which the connections of all instances are fitted to the database. */
export interface Sizing {
  /**
   * The maximum of connections of one instance of a function, which is its `EBB_POOL_MAX`. A request that writes holds one as
   * long as it runs; of `scale.concurrency` requests the others wait, or are refused if they would wait too long (0030).
   */
  readonly poolMax: number
  /** The connections that the database accepts, or the pooler in front of it. */
  readonly maxConnections: number
}

/** The replicas of the always-on services in the production overlay, which is the largest. */
export const PRODUCTION_REPLICAS = { gateway: 3, relay: 2 } as const

/** Each of them also holds a connection for LISTEN. */
const LISTEN_CONNECTIONS = 1
/** A relay whose contracts have a change() reads the log on one, or asks for it. */
const CHANGE_CONNECTIONS = 1
const MIGRATION_CONNECTIONS = 1
/** An instance that uses `objects` has one for rows that are committed before its requests are. */
const OBJECTS_CONNECTIONS = 1
/** During a rollout the old instances are still there. */
const ROLLOUT_FACTOR = 2

/** Reports by how many connections the database is too small if every function that uses it scales as its contract allows. */
export function sizingIssues(
  deployedFunctions: readonly DeployedFunction[],
  { poolMax, maxConnections }: Sizing,
  chart: Chart,
): readonly string[] {
  const users = deployedFunctions.filter(({ uses }) => uses.includes('postgres'))
  const instances = users.reduce((sum, { scale }) => sum + scale.max, 0)
  const writers = users.reduce((sum, { scale, uses }) => sum + (uses.includes('objects') ? scale.max : 0), 0)
  const { gateway: gateways, relay: relays } = PRODUCTION_REPLICAS
  const perGateway = chart.gateway.poolMax + LISTEN_CONNECTIONS
  const readers = deployedFunctions.some(({ change }) => change !== undefined) ? CHANGE_CONNECTIONS : 0
  const perRelay = chart.relay.poolMax + LISTEN_CONNECTIONS + readers
  const { reservedConnections } = chart.postgres
  const needed =
    ROLLOUT_FACTOR * (instances * poolMax + writers * OBJECTS_CONNECTIONS + gateways * perGateway + relays * perRelay) +
    MIGRATION_CONNECTIONS +
    reservedConnections
  if (needed <= maxConnections) return []
  const sum =
    `${ROLLOUT_FACTOR} x (${instances} instances x ${poolMax} + ${writers > 0 ? `${writers} with objects x ${OBJECTS_CONNECTIONS} + ` : ''}${gateways} gateways x ${perGateway} + ` +
    `${relays} relays x ${perRelay}) + migration ${MIGRATION_CONNECTIONS} + reserve ${reservedConnections} = ` +
    `${needed} connections`
  const largest = [...users].sort((a, b) => b.scale.max - a.scale.max).slice(0, 3)
  const names = largest.map(({ name, scale }) => `${name} ${scale.max}`).join(', ')
  return [
    `functions/*/contract.ts: scale.max: Postgres takes ${maxConnections} connections, ${needed - maxConnections} too few: ` +
      `during a rollout there are ${sum}. Lower scale.max (${names}), or --pool, or raise max_connections and pass it ` +
      'as --max-connections',
  ]
}
