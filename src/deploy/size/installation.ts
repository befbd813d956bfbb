import { sizeOf } from '../../contract/index.ts'
import type { Chart } from '../render/chart.ts'
import type { Installation } from './size-of.ts'

/** What the chart's values give to each part. */
export function installationOf({ gateway, relay, redis, postgres, allFunctions }: Chart): Installation {
  const reservedOf = (part: { readonly resources: { readonly requests: Parameters<typeof sizeOf>[0] } }) =>
    sizeOf(part.resources.requests)
  return {
    gateway: { replicas: gateway.replicas, poolMax: gateway.poolMax, reserved: reservedOf(gateway) },
    relay: { replicas: relay.replicas, poolMax: relay.poolMax, reserved: reservedOf(relay) },
    redis: { reserved: reservedOf(redis.bundled) },
    postgres: {
      connections: postgres.maxConnections - postgres.reservedConnections,
      reserved: reservedOf(postgres.bundled),
    },
    functionPoolMax: allFunctions.poolMax,
  }
}
