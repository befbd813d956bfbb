import { Problem } from '../../contract/index.ts'
import type { Step } from '../exchange.ts'

/** As many may wait for each that runs as with Knative's queue-proxy. */
const QUEUE_PER_PLACE = 10

/**
 * Lets `most` requests run at a time and the others wait in turn, until their deadlines: what Knative's queue-proxy does
 * before its functions, for platforms that do not count. Beyond a queue of ten times as many, 503 with Retry-After.
 */
export function concurrency(most: number): Step {
  let running = 0
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
      running++
      response.once('close', leave)
    }
    if (running < most) return enter()
    if (waiting.size >= most * QUEUE_PER_PLACE) {
      throw new Problem('unavailable', 503, 'This instance has more to do than it can.', { retryAfterSeconds: 1 })
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const turn = () => {
      enter()
      resolve()
    }
    const { signal } = response.locals.deadline
    waiting.add(turn)
    signal.addEventListener('abort', () => void (waiting.delete(turn) && reject(signal.reason)), { once: true })
    return promise
  }
}
