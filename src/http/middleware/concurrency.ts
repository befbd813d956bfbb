import { AsyncResource } from 'node:async_hooks'
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
  return function concurrency(_request, response, next) {
    const run = () => {
      running++
      response.once('close', leave)
      next()
    }
    if (running < most) return run()
    if (waiting.size >= most * QUEUE_PER_PLACE) {
      throw new Problem('unavailable', 503, 'This instance has more to do than it can.', { retryAfterSeconds: 1 })
    }
    // Woken by another request's end, it must go on with its own trace.
    const turn = AsyncResource.bind(run)
    const { signal } = response.locals
    waiting.add(turn)
    signal.addEventListener('abort', () => void (waiting.delete(turn) && next(signal.reason)), { once: true })
  }
}
