import { Problem } from '../../contract/index.ts'
import type { Step } from '../context.ts'

/** As many may wait for each that runs as with Knative's queue-proxy. */
const QUEUE_PER_SLOT = 10

/** How much of the pace that is known one more request changes. */
const WEIGHT = 0.1

/**
 * Lets `most` requests run at a time and the others wait in turn: what Knative's queue-proxy does before its functions,
 * for platforms that do not count. 503 with Retry-After beyond a queue of ten times as many, and where a request would,
 * by the pace of those before, wait for more than half of its time.
 */
export function concurrency(most: number): Step {
  let running = 0
  let heldMs = 0
  const waiting = new Set<() => void>()
  const leave = () => {
    running--
    const [next] = waiting
    if (!next) return
    waiting.delete(next)
    next()
  }
  return function concurrency(_request, response) {
    const enter = () => {
      const enteredAt = performance.now()
      running++
      response.once('close', () => {
        heldMs += (performance.now() - enteredAt - heldMs) * WEIGHT
        leave()
      })
    }
    if (running < most) return enter()
    const { signal, timeoutMs } = response.locals.deadline
    const isInVain = (heldMs * (waiting.size + 1)) / most > timeoutMs / 2
    if (isInVain || waiting.size >= most * QUEUE_PER_SLOT) {
      throw new Problem('unavailable', 503, 'This instance has more to do than it can.', { retryAfterSeconds: 1 })
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const turn = () => {
      enter()
      resolve()
    }
    waiting.add(turn)
    signal.addEventListener('abort', () => void (waiting.delete(turn) && reject(signal.reason)), { once: true })
    return promise
  }
}
