import { Problem } from '../contract/index.ts'

interface EnterOptions {
  readonly signal: AbortSignal
  /** The longest wait. */
  readonly waitMs: number
}

/** Of one more loan in the moving average of how long loans last. */
const WEIGHT = 0.1

/**
 * The places of a pool and the queue before them, first come, first served. It knows its own pace: a wait that would end
 * too late is refused at once, so that the requests that do get a place have the time to use it.
 */
export function createPlaces(most: number) {
  const waiting = new Set<() => void>()
  let taken = 0
  let heldMs = 0

  const wait = ({ signal, waitMs }: EnterOptions) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leaveQueue = (reason: unknown) => {
      end()
      reject(reason)
    }
    const onAbort = () => leaveQueue(signal.reason)
    const limit = setTimeout(() => leaveQueue(crowded()), waitMs)
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
    waiting.add(enter)
    return promise
  }

  return {
    /** Takes a place, at once (then it returns undefined) or after a wait. Throws a Problem 503 where that is in vain. */
    enter(options: EnterOptions): Promise<void> | undefined {
      if (taken < most) {
        taken++
        return undefined
      }
      if ((heldMs * (waiting.size + 1)) / most > options.waitMs) throw crowded()
      return wait(options)
    },
    /** Gives a place back that was held for so long: the request that has waited the longest gets it. */
    leave(forMs: number): void {
      heldMs += (forMs - heldMs) * WEIGHT
      const [next] = waiting
      if (next) next()
      else taken--
    },
  }
}

export const crowded = (cause?: unknown) =>
  new Problem('unavailable', 503, 'All connections to the database are in use just now.', {
    ...{ cause, retryAfterSeconds: 1 },
  })
