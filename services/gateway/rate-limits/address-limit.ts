import type { GatewayDependencies } from 'ebb/http/gateway'
import type { Config } from 'ebb/kernel'
import { createLocalLimiter } from './local-limiter.ts'

/**
 * The limit of an address, as each gateway's share of it: it costs no call to Redis, since it stands before all that others
 * could be made to pay for. Undefined where the settings have none.
 */
export function createAddressLimit({
  EBB_ADDRESS_LIMIT: limit,
  EBB_GATEWAY_REPLICAS: shares,
}: Pick<Config, 'EBB_ADDRESS_LIMIT' | 'EBB_GATEWAY_REPLICAS'>): GatewayDependencies['limitAddress'] {
  if (!limit) return undefined
  const limiter = createLocalLimiter({ shares })
  const unlimited = { allowed: true, remaining: 0, waitSeconds: 0 }
  return (key, { peek } = { peek: false }) => limiter.take([{ key, limit }], { hasRoom: !peek })[0] ?? unlimited
}
