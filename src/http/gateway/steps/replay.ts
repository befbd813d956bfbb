import { Problem } from '../../../contract/index.ts'
import type { Claim, ClaimResult } from '../../../kernel/index.ts'
import { callerIdOf } from '../../../protocol/index.ts'
import { claimToResponse, toClaim } from '../../idempotency.ts'
import { oncePerSecond } from '../../throttle-log.ts'
import { type Explanation, type GatewayContext, type Outcome, routeOf, type Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { byRunning } from '../explanation.ts'
import { prefersAsync } from '../prefer.ts'

/**
 * Answers a repeated Idempotency-Key with the first response, byte for byte. Only a shortcut: where the look-up fails or is
 * shed, the function looks it up itself; and an asynchronous call looks up its key as it is stored.
 */
export function replay({ findStoredResponse, log }: Pick<GatewayDependencies, 'findStoredResponse' | 'log'>): Step {
  const report = oncePerSecond((times: number, error: unknown) =>
    log.warn({ err: error, times }, 'idempotency lookup failed; passing requests through to their functions'),
  )
  async function find(claim: Claim) {
    const result = await findStoredResponse(claim).catch((error: unknown) => {
      report(error)
      return undefined
    })
    return result && claimToOutcome(result)
  }
  const step: Step = function replay(context) {
    const claim = routeOf(context).idempotent && !prefersAsync(context) ? claimOf(context) : undefined
    return claim && find(claim)
  }
  return byRunning(step, explainKey)
}

function explainKey(context: GatewayContext): Explanation | string {
  if (!routeOf(context).idempotent) return 'The route takes no Idempotency-Key.'
  const key = context.headers['idempotency-key']?.[0]
  return { why: `Nothing is stored under the Idempotency-Key ${key} of this caller.`, facts: { key } }
}

/** The claim of a request's Idempotency-Key; undefined where it has none. */
export function claimOf(context: GatewayContext): Claim | undefined {
  const { headers, caller, path, query, body } = context
  const { name: route, headers: contractHeaders, cookies: contractCookies } = routeOf(context)
  return toClaim({
    ...{ caller: callerIdOf(caller), route, header: headers['idempotency-key']?.[0] },
    ...{ method: context.method, target: path + query, headers, contractHeaders, contractCookies, body },
  })
}

/** What a request with a used key is answered with; undefined where the key is new. */
export function claimToOutcome(result: ClaimResult): Outcome | undefined {
  const response = claimToResponse(result)
  return response && !(response instanceof Problem) ? { ...response, shortCircuitReason: 'replayed' } : response
}
