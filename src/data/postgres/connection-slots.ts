import { Problem } from '../../contract/index.ts'
import { databaseUnavailable } from './database-error.ts'

interface AcquireOptions {
  readonly signal: AbortSignal
  /** What the caller has for all of it, the wait and the work. */
  readonly timeoutMs: number
}

/** The weight of the latest use in the moving average of how long a connection is held. */
const AVERAGE_WEIGHT = 0.1
const MAX_WAIT_MS = 5_000
/** The longest wait as a share of the caller's time: in a burst, and in a queue that has not been empty for as long as that. */
const [BURST_WAIT_SHARE, STEADY_WAIT_SHARE] = [0.9, 0.5]

/** The longest wait for a slot and a connection of a caller who has so long for all of it: the rest is for the work. */
export const maxWaitMs = (timeoutMs: number) => Math.min(timeoutMs * BURST_WAIT_SHARE, MAX_WAIT_MS)

/**
 * The slots of a pool, one for each connection, and the queue before them: first come, first served. A burst may wait
 * nearly as long as its time allows: it ends. In a queue that does not end, all would be served when they are about to
 * expire (CoDel, RFC 8289, calls that a standing queue): there a wait that, by the pace of the last uses, would exceed half of the caller's time is refused at once.
 */
export function createConnectionSlots(max: number, { now = () => performance.now() } = {}) {
  const waiting = new Set<() => void>()
  let taken = 0
  let averageHeldMs = 0
  let heldMs = 0
  let waitingSince = 0
  let opening = 0

  // A connection that is being opened is in nobody's use.
  const refusal = () => (opening > 0 ? databaseUnavailable() : poolExhausted())
  const wait = (signal: AbortSignal, waitMs: number) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leaveQueue = (reason: unknown) => {
      end()
      reject(reason)
    }
    const onAbort = () => leaveQueue(signal.reason)
    const limit = setTimeout(() => leaveQueue(refusal()), waitMs)
    const end = () => {
      clearTimeout(limit)
      signal.removeEventListener('abort', onAbort)
      waiting.delete(proceed)
    }
    const proceed = () => {
      end()
      resolve()
    }
    signal.addEventListener('abort', onAbort)
    if (waiting.size === 0) waitingSince = now()
    waiting.add(proceed)
    return promise
  }

  return {
    /** For how long slots were held, all together. */
    heldMs: () => heldMs,
    /**
     * Takes a slot at once, and returns undefined, or returns a promise of one. Throws a Problem 503, or rejects with it,
     * where the wait would be, or was, too long.
     */
    acquire({ signal, timeoutMs }: AcquireOptions): Promise<void> | undefined {
      if (taken < max) {
        taken++
        return undefined
      }
      const burstMs = maxWaitMs(timeoutMs)
      if (waiting.size === 0 || now() - waitingSince < burstMs) return wait(signal, burstMs)
      const waitMs = Math.min(timeoutMs * STEADY_WAIT_SHARE, burstMs)
      if ((averageHeldMs * (waiting.size + 1)) / max > waitMs) throw refusal()
      return wait(signal, waitMs)
    },
    /** Waits for the connection of a slot. */
    async open<Connection>(connecting: Promise<Connection>): Promise<Connection> {
      opening++
      try {
        return await connecting
      } finally {
        opening--
      }
    },
    /** Frees a slot that was held for so long: the request that has waited the longest gets it. */
    release(forMs: number): void {
      heldMs += forMs
      averageHeldMs += (forMs - averageHeldMs) * AVERAGE_WEIGHT
      const [next] = waiting
      if (next) next()
      else taken--
    },
  }
}

/** The 503 of a request that would wait too long for a connection. */
export const poolExhausted = (cause?: unknown) =>
  new Problem('unavailable', 503, 'All connections to the database are in use; retry later.', {
    ...{ cause, retryAfterSeconds: 1 },
  })
