import { type Dispatcher, Pool } from 'undici'
import type { Route } from '../../../contract/index.ts'
import { maxInFlight } from '../function-limits.ts'

/** The kept connections of one function, counted. */
export interface PoolCounts {
  readonly name: string
  readonly connected: number
  /** Requests that a connection has. */
  readonly running: number
  /** Requests that wait for one. */
  readonly pending: number
}

export interface FunctionPools {
  /** The connections to a route's function. */
  readonly of: (route: Pick<Route, 'name' | 'scale'>, origin: string) => Dispatcher
  /** Records which revision responded. After a rollout no request is sent on what was connected before it. */
  readonly responded: (functionName: string, revision: string) => void
  readonly counts: () => readonly PoolCounts[]
  readonly close: () => Promise<void>
}

interface FunctionPoolsOptions {
  /** The most connections of one pool, whatever a contract says. */
  readonly maxConnections: number
  readonly connect?: NonNullable<Pool.Options['connect']>
  readonly now?: () => number
}

/** Below the 90 s of Knative's queue-proxy and the 95 s of a function itself, which says so in its responses. */
const MAX_KEEP_ALIVE_MS = 85_000
/** Where a server does not say for how long it keeps a connection. */
const KEEP_ALIVE_MS = 4_000
/** By which a connection is given up before its server closes it. */
const KEEP_ALIVE_SLACK_MS = 2_000
/** So that new instances get their share of the connections. undici has a limit of its own, and asks each connection for it with each request. */
const MAX_AGE_MS = 300_000
/** Revisions that respond in turn, as with a canary, are not one rollout after another. */
const MAX_REVISIONS = 8

interface FunctionPool {
  readonly pool: Pool
  readonly origin: string
  readonly connections: number
  readonly openedAt: number
}

/** A pool of connections for each function: one that hangs holds up no other, and each has as many as it can use. */
export function createFunctionPools({
  maxConnections,
  connect = {},
  now = () => performance.now(),
}: FunctionPoolsOptions): FunctionPools {
  const pools = new Map<string, FunctionPool>()
  const revisions = new Map<string, Set<string>>()

  const create = (name: string, origin: string, connections: number): FunctionPool => {
    const pool = new Pool(origin, {
      ...{ connections, keepAliveTimeout: KEEP_ALIVE_MS, keepAliveMaxTimeout: MAX_KEEP_ALIVE_MS, connect },
      keepAliveTimeoutThreshold: KEEP_ALIVE_SLACK_MS,
    })
    const created = { pool, origin, connections, openedAt: now() }
    pool.on('disconnect', () => {
      const { connected, size } = pool.stats
      if (connected === 0 && size === 0 && pools.get(name) === created) drop(name)
    })
    pools.set(name, created)
    return created
  }
  /** Its requests under way go on; those that come get a pool of their own. */
  const drop = (name: string) => {
    const dropped = pools.get(name)
    pools.delete(name)
    dropped?.pool.close().catch(() => {})
  }

  return {
    of({ name, scale }, origin) {
      const connections = Math.min(maxConnections, maxInFlight(scale))
      const known = pools.get(name)
      const isYoung = known !== undefined && now() - known.openedAt < MAX_AGE_MS
      if (isYoung && known.origin === origin && known.connections === connections) return known.pool
      drop(name)
      return create(name, origin, connections).pool
    },
    responded(name, revision) {
      const known = revisions.get(name)
      if (known?.has(revision)) return
      if (known) drop(name)
      const kept = [...(known ?? [])].slice(1 - MAX_REVISIONS)
      revisions.set(name, new Set([...kept, revision]))
    },
    counts: () =>
      [...pools].map(([name, { pool }]) => {
        const { connected, running, size } = pool.stats
        return { name, connected, running, pending: size - running }
      }),
    close: async () => {
      const all = [...pools.values()]
      pools.clear()
      await Promise.all(all.map(({ pool }) => pool.destroy()))
    },
  }
}
