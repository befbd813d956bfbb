import { Problem } from '../../../contract/index.ts'
import { routeOf, type Step } from '../context.ts'
import type { GatewayDependencies, Load } from '../dependencies.ts'
import { explained } from '../explanation.ts'
import { isPlatformRoute } from '../own-routes.ts'

/** By priority: with how much lag the first request is refused. With twice as much, all are. */
const SHED_FROM_MS = { low: 50, normal: 100, high: 300 }

/**
 * Refuses requests (503) while this process is late with all that it does: more of them the later it is, those of a low
 * priority first, so that the others are still answered in time. Probes and the platform's own paths are always answered.
 */
export function shedLoad({ load, metrics }: Pick<GatewayDependencies, 'metrics'> & { readonly load: Load }): Step {
  /** The part of a request that is still owed a refusal: of requests of which a third are refused, it is every third. */
  const owed = { low: 0, normal: 0, high: 0 }
  const step: Step = function shedLoad(context) {
    load.requestCame()
    const lag = load.lagMs()
    if (lag <= SHED_FROM_MS.low) return undefined
    const route = routeOf(context)
    if (isPlatformRoute(route)) return undefined
    const priority = route.priority ?? 'normal'
    const fromMs = SHED_FROM_MS[priority]
    owed[priority] += Math.min(1, Math.max(0, lag / fromMs - 1))
    if (owed[priority] < 1) return undefined
    owed[priority] -= 1
    metrics.shed('event_loop')
    return TOO_BUSY
  }
  return explained(step, (context) => {
    const lag = Math.round(load.lagMs())
    const priority = routeOf(context).priority ?? 'normal'
    const why = `The gateway is ${lag} ms late; requests of ${priority} priority are refused from ${SHED_FROM_MS[priority]} ms on.`
    return { why, facts: { lagMs: lag, priority } }
  })
}

const TOO_BUSY = new Problem('unavailable', 503, 'The gateway has too much to do; retry later.', {
  retryAfterSeconds: 2,
})
