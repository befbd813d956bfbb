import type { Config, Log } from 'ebb/kernel'
import { createUpstreamResolver } from 'ebb/protocol'
import type { Registry } from 'prom-client'
import { Agent } from 'undici'
import { createCircuitBreakers } from '../../src/http/gateway/upstream/circuit-breakers.ts'
import { createFunctionPools } from '../../src/http/gateway/upstream/function-pools.ts'
import { createTunnels } from '../../src/http/gateway/upstream/tunnels.ts'
import { countUpstreamEvents, observeUpstreams } from './observe-upstreams.ts'
import { readServiceAddresses } from './service-addresses.ts'

/** A function's address accepts connections even while it starts; a longer wait for a pod that is gone only costs callers. */
const CONNECT_MS = 5_000

/** Opens how functions and services are reached, and what is counted of it. Throws a ConfigError where a setting does not fit. */
export function openUpstream(
  config: Config,
  { registry, log }: { readonly registry: Registry; readonly log: Pick<Log, 'warn'> },
) {
  const startTimeoutMs = config.EBB_START_TIMEOUT_MS
  const services = readServiceAddresses(config)
  const locate = createUpstreamResolver(config)
  const { onRetry, onOpened } = countUpstreamEvents(registry)
  const connect = { timeout: CONNECT_MS }
  // Each of its requests has a new connection; `pools` has those that are kept.
  const dispatcher = new Agent({ connect, pipelining: 0 })
  const pools = createFunctionPools({ connect, maxConnections: config.EBB_MAX_CONNECTIONS })
  const breakers = createCircuitBreakers({
    startTimeoutMs,
    onOpened: (name) => {
      onOpened(name)
      log.warn({ function: name }, 'half of the calls to a function have failed; it gets none for some seconds')
    },
  })
  const tunnels = createTunnels()
  observeUpstreams(registry, { pools, breakers, tunnels })
  return {
    upstream: { dispatcher, pools, tunnels, breakers, onRetry, locate, services, startTimeoutMs },
    close: () => Promise.all([pools.close(), dispatcher.destroy()]),
  }
}
