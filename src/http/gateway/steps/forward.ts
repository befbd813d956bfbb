import { Problem } from '../../../contract/index.ts'
import { routeOf } from '../exchange.ts'
import { createFunctionLimits } from '../function-limits.ts'
import { createPassOn } from '../pass-on.ts'
import type { Step } from '../pipeline.ts'
import type { GatewayLimits, GatewayPorts } from '../ports.ts'

/** Hands the request to its function, or answers at once where that has more to do than it can. */
export function forward(
  { metrics, ...ports }: Pick<GatewayPorts, 'sign' | 'upstream' | 'metrics' | 'log'>,
  limits: Pick<GatewayLimits, 'stallTimeoutMs'>,
): Step {
  const passOn = createPassOn(ports, limits)
  const { enter } = createFunctionLimits()
  return async function forward(exchange) {
    const place = enter(routeOf(exchange))
    if (!place) {
      metrics.shed('function')
      exchange.spared = BUSY.code
      return BUSY
    }
    const { response, signal } = exchange
    const enteredAt = performance.now()
    response.once('close', () => {
      if (signal.aborted) return place.leave()
      const tookMs = (exchange.answeredAt ?? performance.now()) - enteredAt
      place.leave({ status: response.statusCode, tookMs, cold: exchange.cold === true })
    })
    return passOn(exchange)
  }
}

const BUSY = new Problem('unavailable', 503, 'The function has more to do than it can just now.', {
  retryAfterSeconds: 1,
})
