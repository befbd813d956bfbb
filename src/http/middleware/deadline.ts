import { Problem } from '../../contract/index.ts'
import { headerOf, type Step } from '../exchange.ts'

/**
 * Starts the clock when the headers are in: the contract's time, or what the gateway has left of it (`Ebb-Timeout-Ms`,
 * relative). The signal aborts at the deadline or when the caller hangs up.
 */
export function deadline({ timeoutMs }: { timeoutMs: number }): Step {
  return function deadline(request, response) {
    const left = Number(headerOf(request, 'ebb-timeout-ms') ?? timeoutMs)
    const ms = left > 0 ? Math.min(left, timeoutMs) : timeoutMs
    const controller = new AbortController()
    const timer = setTimeout(
      () => controller.abort(new Problem('deadline_exceeded', 504, `There was no answer within ${ms} ms.`)),
      ms,
    )
    response.on('close', () => {
      clearTimeout(timer)
      if (!response.writableFinished) controller.abort(new Problem('caller_gone', 499, 'The caller hung up.'))
    })
    response.locals.timeoutMs = ms
    response.locals.signal = controller.signal
  }
}
