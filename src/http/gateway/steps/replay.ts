import { claimOf, toAnswer } from '../claim.ts'
import { routeOf } from '../exchange.ts'
import type { Step } from '../pipeline.ts'
import type { GatewayPorts } from '../ports.ts'

/**
 * Answers a repeated Idempotency-Key as the first time, byte for byte. A shortcut: where the look fails, the function
 * looks for itself.
 */
export function replay({ findAnswer, log }: Pick<GatewayPorts, 'findAnswer' | 'log'>): Step {
  return async function replay(exchange) {
    const claim = routeOf(exchange).idempotent ? claimOf(exchange) : undefined
    if (!claim) return undefined
    const claimed = await findAnswer(claim).catch((fault: unknown) => {
      const { correlationId } = exchange
      log.warn({ err: fault, correlationId }, 'no look for a finished answer; the function decides')
      return undefined
    })
    return claimed && toAnswer(claimed)
  }
}
