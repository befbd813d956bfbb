import { Problem } from '../../../contract/index.ts'
import { fingerprint } from '../../fingerprint.ts'
import { routeOf } from '../exchange.ts'
import type { Step } from '../pipeline.ts'
import type { GatewayPorts } from '../ports.ts'

/**
 * Answers a repeated Idempotency-Key as the first time, byte for byte. A shortcut: where the look fails, the function
 * looks for itself.
 */
export function replay({ findAnswer, log }: Pick<GatewayPorts, 'findAnswer' | 'log'>): Step {
  return async function replay(exchange) {
    const { headers, caller, request, path, query, body, correlationId } = exchange
    const { idempotent, name } = routeOf(exchange)
    const key = headers['idempotency-key']?.[0]
    if (!idempotent || key === undefined) return undefined
    const { method = '' } = request
    const claim = {
      caller: caller.sub,
      route: name,
      key,
      fingerprint: fingerprint({ method, target: path + query, body }),
    }
    const claimed = await findAnswer(claim).catch((fault: unknown) => {
      log.warn({ err: fault, correlationId }, 'no look for a finished answer; the function decides')
      return undefined
    })
    if (claimed?.is === 'mismatch') {
      return new Problem('idempotency_mismatch', 422, 'This Idempotency-Key was used for another request.')
    }
    if (claimed?.is !== 'finished') return undefined
    const { answer } = claimed
    return { ...answer, headers: { ...answer.headers, 'idempotency-replayed': 'true' }, spared: 'replayed' }
  }
}
