import { Deadline, headerOf, type Step } from '../context.ts'
import type { InFlight } from '../isolate-errors.ts'

interface DeadlineOptions {
  readonly timeoutMs: number
  readonly inFlight?: InFlight | undefined
}

/**
 * Starts the clock when the headers are in: the contract's time, or what the gateway has left of it (`Ebb-Timeout-Ms`,
 * relative). Until its answer has gone, the request is in flight.
 */
export function deadline({ timeoutMs, inFlight }: DeadlineOptions): Step {
  return function deadline(request, response) {
    const left = Number(headerOf(request, 'ebb-timeout-ms') ?? timeoutMs)
    const deadline = new Deadline(left > 0 ? Math.min(left, timeoutMs) : timeoutMs)
    const begun = inFlight?.begin() ?? 0
    response.on('close', () => {
      if (response.writableFinished) deadline.finish()
      else deadline.abandon()
      inFlight?.end(begun)
    })
    response.locals.deadline = deadline
  }
}
