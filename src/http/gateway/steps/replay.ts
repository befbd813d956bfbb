import { onceASecond } from '../../once-a-second.ts'
import { claimOf, toAnswer } from '../claim.ts'
import { routeOf } from '../exchange.ts'
import type { Step } from '../pipeline.ts'
import type { GatewayPorts } from '../ports.ts'
import { prefersAsync } from './respond-async.ts'

/**
 * Answers a repeated Idempotency-Key as the first time, byte for byte. A shortcut: where the look fails or there are too
 * many, the function looks for itself; and a call that is kept for later looks as it is kept.
 */
export function replay({ findAnswer, log }: Pick<GatewayPorts, 'findAnswer' | 'log'>): Step {
  const report = onceASecond((times: number, fault: unknown) =>
    log.warn({ err: fault, times }, 'no look for finished answers; the functions decide'),
  )
  return async function replay(exchange) {
    const claim = routeOf(exchange).idempotent && !prefersAsync(exchange) ? claimOf(exchange) : undefined
    if (!claim) return undefined
    const claimed = await findAnswer(claim).catch((fault: unknown) => {
      report(fault)
      return undefined
    })
    return claimed && toAnswer(claimed)
  }
}
