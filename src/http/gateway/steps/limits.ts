import { type Limit, Problem } from '../../../contract/index.ts'
import { clientNetwork } from '../client-info.ts'
import { type GatewayContext, isAnonymous, routeOf } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import type { Step } from '../pipeline.ts'

/**
 * Holds each caller to the limit of the route, and nameless ones by their address; 429 beyond it. Whatever answers from
 * here on tells what is left, by draft-ietf-httpapi-ratelimit-headers-10.
 */
export function rateLimit({ limiter }: Pick<GatewayDependencies, 'limiter'>): Step {
  return async function rateLimit(exchange) {
    const { limit } = routeOf(exchange)
    if (!limit) return undefined
    const { allowed, remaining, waitSeconds } = await limiter(keyOf(exchange), limit)
    exchange.responseHeaders['ratelimit-policy'] = policyOf(limit)
    exchange.responseHeaders.ratelimit = `"burst";r=${remaining};t=${waitSeconds}`
    return allowed ? undefined : rateLimited(limit, waitSeconds)
  }
}

/** What the bucket holds, and how long it takes to fill it. */
const policyOf = ({ requests, perSeconds, burst }: Limit) =>
  `"burst";q=${burst};w=${Math.ceil((burst * perSeconds) / requests)}`

/** No route has a space in its name, nor an address. */
function keyOf(exchange: GatewayContext): string {
  const { caller, client } = exchange
  const who = isAnonymous(exchange) ? `address ${clientNetwork(client.address)}` : `caller ${caller.sub}`
  return `${routeOf(exchange).name} ${who}`
}

const rateLimited = ({ requests, perSeconds }: Limit, retryAfterSeconds: number) =>
  new Problem(
    'rate_limited',
    429,
    `The limit is ${requests} ${requests === 1 ? 'request' : 'requests'} in ${perSeconds} s; the next may come in ${retryAfterSeconds} s.`,
    { retryAfterSeconds },
  )

/** Refuses a request whose connection is one too many, and closes that. */
export function limitConnections({ metrics }: Pick<GatewayDependencies, 'metrics'>): Step {
  return function refuseCrowd({ overConnectionLimit }) {
    if (!overConnectionLimit) return undefined
    metrics.shed('connections')
    return TOO_MANY_CONNECTIONS
  }
}

const TOO_MANY_CONNECTIONS = new Problem('unavailable', 503, 'Too many connections are open just now.', {
  ...{ retryAfterSeconds: 1, headers: { connection: 'close' } },
})
