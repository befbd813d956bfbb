import { type Limit, Problem } from '../../../contract/index.ts'
import { callerIdOf } from '../../../protocol/index.ts'
import { clientNetwork } from '../client-info.ts'
import { type GatewayContext, isAnonymous, routeOf, type Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'

/**
 * Limits the requests of each caller to a route, and of anonymous callers by their address; 429 beyond the limit. Every
 * response from here on says what remains, by draft-ietf-httpapi-ratelimit-headers-10.
 */
export function rateLimit({ limiter }: Pick<GatewayDependencies, 'limiter'>): Step {
  return async function rateLimit(context) {
    const { limit } = routeOf(context)
    if (!limit) return undefined
    const { allowed, remaining, waitSeconds } = await limiter(keyOf(context), limit)
    context.responseHeaders['ratelimit-policy'] = policyOf(limit)
    context.responseHeaders.ratelimit = `"burst";r=${remaining};t=${waitSeconds}`
    return allowed ? undefined : rateLimited(limit, waitSeconds)
  }
}

/** The size of the bucket, and the seconds that it takes to fill. */
const policyOf = ({ requests, perSeconds, burst }: Limit) =>
  `"burst";q=${burst};w=${Math.ceil((burst * perSeconds) / requests)}`

/** Unambiguous: neither a route's name nor an address has a space. */
function keyOf(context: GatewayContext): string {
  const { caller, client } = context
  const subject = isAnonymous(context) ? `address ${clientNetwork(client.address)}` : `caller ${callerIdOf(caller)}`
  return `${routeOf(context).name} ${subject}`
}

const rateLimited = ({ requests, perSeconds }: Limit, retryAfterSeconds: number) =>
  new Problem(
    'rate_limited',
    429,
    `The limit is ${requests} ${requests === 1 ? 'request' : 'requests'} in ${perSeconds} s; the next may come in ${retryAfterSeconds} s.`,
    { retryAfterSeconds },
  )

/** Refuses a request on a connection beyond the limit (503), and closes that. */
export function limitConnections({ metrics }: Pick<GatewayDependencies, 'metrics'>): Step {
  return function limitConnections({ overConnectionLimit }) {
    if (!overConnectionLimit) return undefined
    metrics.shed('connections')
    return TOO_MANY_CONNECTIONS
  }
}

const TOO_MANY_CONNECTIONS = new Problem('unavailable', 503, 'Too many connections are open; retry later.', {
  ...{ retryAfterSeconds: 1, headers: { connection: 'close' } },
})
