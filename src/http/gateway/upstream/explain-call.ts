import type { Route } from '../../../contract/index.ts'
import { type Explanation, type GatewayContext, routeOf } from '../context.ts'
import type { Upstream } from '../dependencies.ts'
import { ending } from '../explanation.ts'
import { toServicePath } from './call-proxied.ts'
import type { CallState } from './guard-calls.ts'
import { calledNameOf } from './upstream-request.ts'

interface ExplainOptions extends Pick<Upstream, 'locate' | 'services' | 'startTimeoutMs'> {
  readonly inspect: (route: Route) => CallState
}

/** Where a request would go, and what would decide about that. */
export function explainCall(context: GatewayContext, { inspect, ...upstream }: ExplainOptions): Explanation {
  const route = routeOf(context)
  const { inFlight, limit, breaker, refusal } = inspect(route)
  const facts = { name: route.name, inFlight, limit, breaker: breaker?.state ?? 'closed', timeoutMs: route.timeoutMs }
  if (refusal) return { ...ending(refusal), facts }
  const what = route.upstream ? 'service' : 'function'
  const tests = breaker?.state === 'half-open' ? ', and would test whether it answers again' : ''
  return {
    why: `The ${what} ${route.name} would be called${tests}: ${inFlight} of at most ${limit} requests are under way.`,
    facts: route.upstream ? facts : { ...facts, startTimeoutMs: upstream.startTimeoutMs },
    forwardsTo: addressOf(context, route, upstream),
  }
}

function addressOf(
  context: GatewayContext,
  route: Route,
  { locate, services = {} }: Omit<ExplainOptions, 'inspect'>,
): string {
  const { upstream } = route
  if (upstream) {
    const address = services[route.name] ?? upstream
    return address.origin + toServicePath(context, address, upstream.stripped)
  }
  const { origin, prefix } = locate(calledNameOf({ route, variant: context.variant }))
  return `${origin}${prefix}${context.path}${context.query}`
}
