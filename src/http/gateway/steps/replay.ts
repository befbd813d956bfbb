import { Problem } from '../../../contract/index.ts'
import type { Claim, ClaimResult } from '../../../kernel/index.ts'
import { fingerprint, parseIdempotencyKey } from '../../idempotency.ts'
import { oncePerSecond } from '../../throttle-log.ts'
import { type GatewayContext, routeOf } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import type { Outcome, Step } from '../pipeline.ts'
import { prefersAsync } from './invocations.ts'

/**
 * Answers a repeated Idempotency-Key as the first time, byte for byte. A shortcut: where the look fails or there are too
 * many, the function looks for itself; and a call that is kept for later looks as it is kept.
 */
export function replay({ findStoredResponse, log }: Pick<GatewayDependencies, 'findStoredResponse' | 'log'>): Step {
  const report = oncePerSecond((times: number, fault: unknown) =>
    log.warn({ err: fault, times }, 'no look for finished answers; the functions decide'),
  )
  return async function replay(exchange) {
    const claim = routeOf(exchange).idempotent && !prefersAsync(exchange) ? claimOf(exchange) : undefined
    if (!claim) return undefined
    const claimed = await findStoredResponse(claim).catch((fault: unknown) => {
      report(fault)
      return undefined
    })
    return claimed && claimToReply(claimed)
  }
}

/** What an exchange's Idempotency-Key stands for; undefined where it carries none. */
export function claimOf(exchange: GatewayContext): Claim | undefined {
  const { headers, caller, request, path, query, body } = exchange
  const value = headers['idempotency-key']?.[0]
  if (value === undefined) return undefined
  const { name, headers: contractHeaders } = routeOf(exchange)
  const print = fingerprint({ method: request.method ?? '', target: path + query, headers, contractHeaders, body })
  return { caller: caller.sub, route: name, key: parseIdempotencyKey(value), fingerprint: print }
}

/** What a key that is taken is answered with; undefined where it is new. */
export function claimToReply(claimed: ClaimResult): Outcome | undefined {
  switch (claimed.is) {
    case 'new':
      return undefined
    case 'in-flight':
      return new Problem('in_progress', 409, 'A request with this Idempotency-Key is being handled right now.', {
        retryAfterSeconds: 1,
      })
    case 'mismatch':
      return new Problem('idempotency_mismatch', 422, 'This Idempotency-Key was used for another request.')
    case 'finished': {
      const { answer } = claimed
      return {
        ...answer,
        headers: { ...answer.headers, 'idempotency-replayed': 'true' },
        shortCircuitReason: 'replayed',
      }
    }
  }
}
