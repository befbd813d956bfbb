import { Deadline } from '../deadline.ts'
import { headerOf, type Step } from '../exchange.ts'

/** Starts the clock when the headers are in: the contract's time, or what the gateway has left of it (`Ebb-Timeout-Ms`, relative). */
export function deadline({ timeoutMs }: { timeoutMs: number }): Step {
  return function deadline(request, response) {
    const left = Number(headerOf(request, 'ebb-timeout-ms') ?? timeoutMs)
    const deadline = new Deadline(left > 0 ? Math.min(left, timeoutMs) : timeoutMs)
    response.on('close', () => (response.writableFinished ? deadline.answered() : deadline.callerGone()))
    response.locals.deadline = deadline
  }
}
