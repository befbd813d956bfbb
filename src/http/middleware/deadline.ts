import { headerOf, type Step } from '../context.ts'
import { Deadline } from '../deadline.ts'
import type { InFlight } from '../isolate-errors.ts'

interface DeadlineOptions {
  readonly timeoutMs: number
  /** With a stream, the longest that the request may take in all; default: it has none. */
  readonly maxMs?: number | undefined
  readonly inFlight?: InFlight | undefined
}

/**
 * Starts the deadline when the headers have arrived: the contract's timeout, or what the gateway has left of it
 * (`Ebb-Timeout-Ms`, relative). The request is in flight until its response has been sent.
 */
export function deadline({ timeoutMs, maxMs, inFlight }: DeadlineOptions): Step {
  return function deadline(request, response) {
    const remainingMs = Number(headerOf(request, 'ebb-timeout-ms') ?? timeoutMs)
    const deadline = new Deadline(remainingMs > 0 ? Math.min(remainingMs, timeoutMs) : timeoutMs, { maxMs })
    const generation = inFlight?.begin() ?? 0
    response.on('close', () => {
      if (response.writableFinished) deadline.finish()
      else deadline.abandon()
      inFlight?.end(generation)
    })
    response.locals.deadline = deadline
  }
}
