import { Problem } from '../../../contract/index.ts'
import { clientNetwork } from '../client-info.ts'
import type { Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { byRunning, ending, explained } from '../explanation.ts'

/** Refuses a request on a connection beyond the limit (503), and closes that. */
export function limitConnections({ metrics }: Pick<GatewayDependencies, 'metrics'>): Step {
  const step: Step = function limitConnections({ overConnectionLimit }) {
    if (!overConnectionLimit) return undefined
    metrics.shed('connections')
    return TOO_MANY_CONNECTIONS
  }
  return byRunning(
    step,
    () => 'A connection beyond EBB_MAX_CONNECTIONS would be refused; this looks at the request alone.',
  )
}

const TOO_MANY_CONNECTIONS = new Problem('unavailable', 503, 'Too many connections are open; retry later.', {
  ...{ retryAfterSeconds: 1, headers: { connection: 'close' } },
})

/**
 * Refuses an address that sends more than anybody may, before its credentials cost a look-up (429). Only such a refusal
 * says so in fields: what remains of this limit is no promise to anybody.
 */
export function limitAddress({
  limitAddress: decide,
  metrics,
}: Pick<GatewayDependencies, 'limitAddress' | 'metrics'>): Step {
  const step: Step = function limitAddress({ client }) {
    const { allowed, waitSeconds } = decide?.(clientNetwork(client.address)) ?? UNLIMITED
    if (allowed) return undefined
    metrics.refused('address')
    return tooManyRequests(waitSeconds)
  }
  return explained(step, ({ client }) => {
    const network = clientNetwork(client.address)
    const { allowed, remaining, waitSeconds } = decide?.(network, { peek: true }) ?? UNLIMITED
    if (!allowed) return { ...ending(tooManyRequests(waitSeconds)), facts: { network } }
    const why = `${network} may send ${remaining} requests at once, by this gateway's share of EBB_ADDRESS_LIMIT.`
    return { why, facts: { network } }
  })
}

function tooManyRequests(waitSeconds: number) {
  const message = `Too many requests come from your address; the next may come in ${waitSeconds} s.`
  return new Problem('rate_limited', 429, message, { policy: 'address', retryAfterSeconds: waitSeconds })
}

const UNLIMITED = { allowed: true, remaining: 0, waitSeconds: 0 }
