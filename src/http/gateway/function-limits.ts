import type { Route, Scale } from '../../contract/index.ts'

/** How a function responded. */
export interface CallResult {
  /** Whether it said that it has too much to do: 503 or 504. */
  readonly overloaded: boolean
  /** Until its response began. */
  readonly durationMs: number
  /** Whether it had to start first. */
  readonly cold: boolean
}

/** Held by a request that its function handles, or that waits for it. */
export interface Slot {
  /** Releases the slot; without a result where the caller did not wait for one. */
  readonly release: (result?: CallResult) => void
  /** Whether the limit is higher than the lowest one. */
  readonly canShrink: () => boolean
}

export interface FunctionLimits {
  /** How many requests are under way to a route's function, and how many may be. */
  readonly inspect: (route: Pick<Route, 'name' | 'scale'>) => { readonly inFlight: number; readonly limit: number }
  /** A slot of a route's function; undefined where none is free. */
  readonly acquire: (route: Pick<Route, 'name' | 'scale' | 'timeoutMs'>) => Slot | undefined
}

/** Requests that may wait for each instance, besides those that it handles. */
const QUEUE_PER_INSTANCE = 10
/** How many requests to a function may be under way: what all its instances accept, and some that wait. */
export const maxInFlight = ({ max, concurrency }: Pick<Scale, 'max' | 'concurrency'>): number =>
  max * (concurrency + QUEUE_PER_INSTANCE)

/** By which a limit is multiplied when its function is overloaded. */
const DECREASE_FACTOR = 0.8
/** After this time without a sign of overload, and after each further one, a limit is doubled. */
const QUIET_MS = 10_000

interface Load {
  inFlight: number
  limit: number
  /** Overload of requests that were admitted before this time has been acted upon already. */
  decreasedAt: number
  doubledAt: number
  /** When an instance last reported a cold start: requests that waited for it were slow for that reason. */
  coldAt: number
}

/**
 * Limits the concurrent requests of this gateway to each function: to what all its instances accept by its contract and some
 * that wait; and, where it answers 503 or 504 or takes more than half of its timeout, to fewer (additive increase,
 * multiplicative decrease, as in TCP), down to what one instance accepts. Beyond the limit a request would only wait to
 * fail, and make others fail.
 */
export function createFunctionLimits({ now = () => performance.now() } = {}): FunctionLimits {
  const loads = new Map<string, Load>()

  const loadOf = (name: string, ceiling: number): Load => {
    const known = loads.get(name)
    if (known) return known
    const load = { inFlight: 0, limit: ceiling, decreasedAt: 0, doubledAt: 0, coldAt: Number.NEGATIVE_INFINITY }
    loads.set(name, load)
    return load
  }

  return {
    inspect({ name, scale }) {
      const { inFlight, limit } = loadOf(name, maxInFlight(scale))
      return { inFlight, limit: Math.floor(Math.min(limit, maxInFlight(scale))) }
    },
    acquire({ name, scale, timeoutMs }) {
      const { concurrency } = scale
      const ceiling = maxInFlight(scale)
      const load = loadOf(name, ceiling)
      // A new contract may allow less.
      load.limit = Math.min(load.limit, ceiling)
      const startedAt = now()
      if (load.limit < ceiling && startedAt - Math.max(load.decreasedAt, load.doubledAt) >= QUIET_MS) {
        load.limit = Math.min(ceiling, load.limit * 2)
        load.doubledAt = startedAt
      }
      if (load.inFlight >= load.limit) return undefined
      load.inFlight++
      return {
        canShrink: () => load.limit > concurrency,
        release(result) {
          load.inFlight--
          if (!result) return
          const { overloaded, durationMs, cold } = result
          if (cold) load.coldAt = now()
          const isLate = durationMs > timeoutMs / 2 && load.coldAt < startedAt
          if (overloaded || isLate) {
            if (startedAt < load.decreasedAt) return
            load.limit = Math.max(concurrency, Math.floor(load.limit * DECREASE_FACTOR))
            load.decreasedAt = now()
          } else if (load.limit < ceiling) {
            load.limit += 1 / load.limit
          }
        },
      }
    },
  }
}
