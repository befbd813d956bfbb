import type { Route } from '../../contract/index.ts'

/** How a function answered. */
export interface CallResult {
  readonly status: number
  /** Until its answer began. */
  readonly durationMs: number
  /** Whether it had to start first. */
  readonly cold: boolean
}

/** A request that is with its function, or waits for it. */
export interface Slot {
  /** Gives the place back; without an answer where nobody waited for one. */
  readonly release: (answered?: CallResult) => void
}

export interface FunctionLimits {
  /** A place with the function of a route; undefined where there is none. */
  readonly acquire: (route: Pick<Route, 'name' | 'scale' | 'timeoutMs'>) => Slot | undefined
}

/** What may wait for each instance, beside what runs there. */
const QUEUE_PER_INSTANCE = 10
/** What is left of a limit where a function was overloaded. */
const DECREASE_FACTOR = 0.8
/** So long after the last sign of overload, and again after as long, a limit is doubled: it may be history. */
const QUIET_MS = 10_000

interface Load {
  inFlight: number
  limit: number
  /** Signs of overload from requests that were admitted before are of what has been acted upon. */
  decreasedAt: number
  doubledAt: number
  /** When an instance last told that it had just started: who waited for it took long for that. */
  coldAt: number
}

/**
 * Bounds the requests that each function has from this gateway at a time: no more than all its instances take by its
 * contract and some that wait; and, where it answers 503 or 504 or takes more than half of its time, fewer (additive
 * increase, multiplicative decrease, as in TCP), down to what one instance takes. Beyond the limit a request would only
 * wait to fail, and make others fail.
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
    acquire({ name, scale: { max, concurrency }, timeoutMs }) {
      const ceiling = max * (concurrency + QUEUE_PER_INSTANCE)
      const load = loadOf(name, ceiling)
      // A contract may have been swapped for one with less.
      load.limit = Math.min(load.limit, ceiling)
      const enteredAt = now()
      if (load.limit < ceiling && enteredAt - Math.max(load.decreasedAt, load.doubledAt) >= QUIET_MS) {
        load.limit = Math.min(ceiling, load.limit * 2)
        load.doubledAt = enteredAt
      }
      if (load.inFlight >= load.limit) return undefined
      load.inFlight++
      return {
        release(answered) {
          load.inFlight--
          if (!answered) return
          const { status, durationMs, cold } = answered
          if (cold) load.coldAt = now()
          const isLate = durationMs > timeoutMs / 2 && load.coldAt < enteredAt
          if (status === 503 || status === 504 || isLate) {
            if (enteredAt < load.decreasedAt) return
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
