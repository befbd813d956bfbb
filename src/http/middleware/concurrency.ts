import { Problem } from '../../contract/index.ts'
import type { Step } from '../context.ts'

/** Waiting requests for each that runs, as in Knative's queue-proxy. */
const QUEUE_PER_SLOT = 10

/** The weight of one more request in the moving average of durations. */
const WEIGHT = 0.1

/**
 * Runs at most `maxConcurrency` requests at a time and queues the others in order: what Knative's queue-proxy does in front
 * of its functions, for platforms that do not limit. 503 with Retry-After beyond a queue of ten times as many, and where a
 * request, by the average duration of those before, would wait for more than half of its time.
 */
export function concurrency(maxConcurrency: number): Step {
  let running = 0
  let averageMs = 0
  const queue = new Set<() => void>()
  const release = () => {
    running--
    const [next] = queue
    if (!next) return
    queue.delete(next)
    next()
  }
  return function concurrency(_request, response) {
    const acquire = () => {
      const startedAt = performance.now()
      running++
      response.once('close', () => {
        averageMs += (performance.now() - startedAt - averageMs) * WEIGHT
        release()
      })
    }
    if (running < maxConcurrency) return acquire()
    const { signal, timeoutMs } = response.locals.deadline
    const isTooLate = (averageMs * (queue.size + 1)) / maxConcurrency > timeoutMs / 2
    if (isTooLate || queue.size >= maxConcurrency * QUEUE_PER_SLOT) {
      throw new Problem('unavailable', 503, 'This instance is overloaded; retry later.', { retryAfterSeconds: 1 })
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const start = () => {
      acquire()
      resolve()
    }
    queue.add(start)
    signal.addEventListener('abort', () => void (queue.delete(start) && reject(signal.reason)), { once: true })
    return promise
  }
}
