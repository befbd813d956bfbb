import { Problem } from '../../contract/index.ts'

interface AcquireOptions {
  readonly signal: AbortSignal
  /** What the caller has for all that it wants to do, the wait and the work. */
  readonly timeoutMs: number
}

/** Of one more loan in the moving average of how long loans last. */
const AVERAGE_WEIGHT = 0.1
const MAX_WAIT_MS = 5_000
/** Of the caller's time, the longest wait: in a burst, and in a queue that has stood for as long as that time. */
const [BURST_SHARE, STANDING_SHARE] = [0.9, 0.5]

/** The longest wait for a place and a connection of whoever has so long for all of it: the rest is for the work. */
export const maxWaitMs = (timeoutMs: number) => Math.min(timeoutMs * BURST_SHARE, MAX_WAIT_MS)

/**
 * The places of a pool and the queue before them, first come, first served. A burst may wait nearly as long as its time
 * allows: it ends. In a queue that does not, all would be served when they are about to expire: there a wait that, by
 * the pace of the last loans, would exceed half of the caller's time is refused at once.
 */
export function createConnectionSlots(most: number, { now = () => performance.now() } = {}) {
  const waiting = new Set<() => void>()
  let taken = 0
  let heldMs = 0
  let waitingSince = 0

  const wait = (signal: AbortSignal, waitMs: number) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leaveQueue = (reason: unknown) => {
      end()
      reject(reason)
    }
    const onAbort = () => leaveQueue(signal.reason)
    const limit = setTimeout(() => leaveQueue(poolExhausted()), waitMs)
    const end = () => {
      clearTimeout(limit)
      signal.removeEventListener('abort', onAbort)
      waiting.delete(enter)
    }
    const enter = () => {
      end()
      resolve()
    }
    signal.addEventListener('abort', onAbort)
    if (waiting.size === 0) waitingSince = now()
    waiting.add(enter)
    return promise
  }

  return {
    /** Takes a place, at once (then it returns undefined) or after a wait. Throws a Problem 503 where that is in vain. */
    enter({ signal, timeoutMs }: AcquireOptions): Promise<void> | undefined {
      if (taken < most) {
        taken++
        return undefined
      }
      const longestMs = maxWaitMs(timeoutMs)
      if (waiting.size === 0 || now() - waitingSince < longestMs) return wait(signal, longestMs)
      const waitMs = Math.min(timeoutMs * STANDING_SHARE, longestMs)
      if ((heldMs * (waiting.size + 1)) / most > waitMs) throw poolExhausted()
      return wait(signal, waitMs)
    },
    /** Gives a place back that was held for so long: the request that has waited the longest gets it. */
    leave(forMs: number): void {
      heldMs += (forMs - heldMs) * AVERAGE_WEIGHT
      const [next] = waiting
      if (next) next()
      else taken--
    },
  }
}

export const poolExhausted = (cause?: unknown) =>
  new Problem('unavailable', 503, 'All connections to the database are in use just now.', {
    ...{ cause, retryAfterSeconds: 1 },
  })
