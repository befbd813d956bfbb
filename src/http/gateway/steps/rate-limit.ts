import { type Limit, Problem } from '../../../contract/index.ts'
import { clientNetwork } from '../client-network.ts'
import { type Exchange, isAnonymous, routeOf } from '../exchange.ts'
import type { Step } from '../pipeline.ts'
import type { GatewayPorts } from '../ports.ts'

/**
 * Holds each caller to the limit of the route, and nameless ones by their address; 429 beyond it. Whatever answers from
 * here on tells what is left, by draft-ietf-httpapi-ratelimit-headers-10.
 */
export function rateLimit({ limiter }: Pick<GatewayPorts, 'limiter'>): Step {
  return async function rateLimit(exchange) {
    const { limit } = routeOf(exchange)
    if (!limit) return undefined
    const { allowed, remaining, waitSeconds } = await limiter(keyOf(exchange), limit)
    exchange.answerHeaders['ratelimit-policy'] = policyOf(limit)
    exchange.answerHeaders.ratelimit = `"burst";r=${remaining};t=${waitSeconds}`
    return allowed ? undefined : tooMany(limit, waitSeconds)
  }
}

/** What the bucket holds, and how long it takes to fill it. */
const policyOf = ({ requests, perSeconds, burst }: Limit) =>
  `"burst";q=${burst};w=${Math.ceil((burst * perSeconds) / requests)}`

/** No route has a space in its name, nor an address. */
function keyOf(exchange: Exchange): string {
  const { caller, client } = exchange
  const who = isAnonymous(exchange) ? `address ${clientNetwork(client.address)}` : `caller ${caller.sub}`
  return `${routeOf(exchange).name} ${who}`
}

const tooMany = ({ requests, perSeconds }: Limit, retryAfterSeconds: number) =>
  new Problem(
    'rate_limited',
    429,
    `The limit is ${requests} ${requests === 1 ? 'request' : 'requests'} in ${perSeconds} s; the next may come in ${retryAfterSeconds} s.`,
    { retryAfterSeconds },
  )
