import { Problem } from '../../../contract/index.ts'
import type { Step } from '../pipeline.ts'
import type { GatewayPorts } from '../ports.ts'

/** Refuses a request whose connection is one too many, and closes that. */
export function refuseCrowd({ metrics }: Pick<GatewayPorts, 'metrics'>): Step {
  return function refuseCrowd({ crowded }) {
    if (!crowded) return undefined
    metrics.shed('connections')
    return CROWDED
  }
}

const CROWDED = new Problem('unavailable', 503, 'Too many connections are open just now.', {
  ...{ retryAfterSeconds: 1, headers: { connection: 'close' } },
})
