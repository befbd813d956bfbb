import type { Problem } from '../../contract/index.ts'
import { createBodyBudget } from './body-budget.ts'
import type { Exchange } from './exchange.ts'
import type { GatewayLimits, GatewayPorts } from './ports.ts'
import { authenticate } from './steps/authenticate.ts'
import { authorise } from './steps/authorise.ts'
import { cors } from './steps/cors.ts'
import { docs } from './steps/docs.ts'
import { forward } from './steps/forward.ts'
import { invocationState } from './steps/invocation-state.ts'
import { knownHost } from './steps/known-host.ts'
import { normalise } from './steps/normalise.ts'
import { ownPaths } from './steps/own-paths.ts'
import { preflight } from './steps/preflight.ts'
import { rateLimit } from './steps/rate-limit.ts'
import { refuseCrowd } from './steps/refuse-crowd.ts'
import { replay } from './steps/replay.ts'
import { respondAsync } from './steps/respond-async.ts'
import { route } from './steps/route.ts'
import { takeBody } from './steps/take-body.ts'
import { validate } from './steps/validate.ts'

/** An answer of the gateway's own; a Problem is one too. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string
  /** What kept a function asleep, where one would have been woken; a Problem's is its code. */
  readonly spared?: string
}

export type Answer = Problem | Reply

/** Answers and thereby ends the request, or lets it go on. A thrown Problem is an answer as well. */
export type Step = (exchange: Exchange) => Answer | undefined | Promise<Answer | undefined>

/** The whole way of a request, top to bottom. Whatever answers above `forward` has spared a function. */
export function pipeline(ports: GatewayPorts, limits: GatewayLimits) {
  const bodies = createBodyBudget({ maxBytes: limits.bodiesMaxBytes, shed: ports.metrics.shed })
  const beforeTheFunction: readonly Step[] = [
    cors(ports),
    normalise(),
    ...(ports.hosts ? [knownHost(ports.hosts)] : []),
    ownPaths(ports),
    refuseCrowd(ports),
    docs(ports),
    route(ports),
    preflight(),
    // rough limit by IP
    authenticate(ports),
    invocationState(ports),
    authorise(),
    rateLimit(ports),
    // quota
    takeBody(bodies, limits),
    validate(),
    replay(ports),
    respondAsync(ports),
    // cache and coalescing; circuit breaker
  ]
  return { beforeTheFunction, forward: forward(ports, limits) satisfies Step }
}
