import { createServer } from 'node:http'
import { gatewayDrainMs } from 'ebb/contract'
import { createGatewayServer, type GatewayDependencies } from 'ebb/http/gateway'
import { type Config, ConfigError, drain, type Log, listenOn, requireSetting } from 'ebb/kernel'
import { type ContractsFile, createUpstreamResolver, openContracts, openIdentitySigner } from 'ebb/protocol'
import { Agent } from 'undici'
import { KEYS_CHANNEL } from '../../src/data/api-keys.ts'
import { openListener } from '../../src/data/postgres/listener.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { createAdminApp } from './admin/app.ts'
import { createDocs } from './docs.ts'
import { createFunctionsClient } from './functions-client.ts'
import { openInvocationStore } from './invocation-store.ts'
import { createKeyCache } from './key-cache.ts'
import { createLookups, LOOKUP_MS } from './lookups.ts'
import { createMetrics } from './metrics.ts'
import { observeFunctions } from './observed-functions.ts'
import { openRateLimiter } from './rate-limits/open-rate-limiter.ts'
import { createReadiness } from './readiness.ts'

/** To a function's address, where somebody listens also while it starts: longer, a pod that is gone would hold callers up. */
const CONNECT_MS = 5_000
/** What any statement may take, an operator's long list among them. */
const STATEMENT_MS = 15_000

/**
 * Puts the gateway together from its settings and starts it; answers where it listens. The database may come later.
 * Throws a ConfigFault where a setting does not fit or a port is taken.
 */
export async function startGateway(config: Config, { log }: { readonly log: Log }) {
  const pepper = requireSetting(config, 'EBB_KEY_PEPPER')
  const adminKey = requireSetting(config, 'EBB_ADMIN_KEY')
  const { ports, adminPool: pool, registry, seen, beginDrain, close } = await openDependencies(config, { pepper, log })
  const server = createGatewayServer(ports, {
    maxBufferedBytes: config.EBB_BODY_BUDGET_BYTES,
    maxConnections: config.EBB_MAX_CONNECTIONS,
    trustedHops: config.EBB_TRUSTED_HOPS,
  })
  // A pod has no token to ask Kubernetes with.
  const functions = config.EBB_FUNCTIONS_URL ? createFunctionsClient(config.EBB_FUNCTIONS_URL) : seen.view
  const { contracts } = ports
  const admin = createServer(
    createAdminApp({ adminKey, pool, pepper, contracts, registry, functions, hosts: config.EBB_HOSTS, log }),
  )
  try {
    const port = await listenOn(server, config.EBB_HOST, config.PORT, 'PORT')
    const adminPort = await listenOn(admin, config.EBB_HOST, getAdminPort(config), 'EBB_ADMIN_PORT')
    const stop = async () => {
      beginDrain()
      const calls = { startTimeoutMs: config.EBB_START_TIMEOUT_MS, contracts: contracts().routes }
      await drain(server, { leastMs: config.EBB_DRAIN_MS, limitMs: gatewayDrainMs(calls) })
      admin.close()
      admin.closeAllConnections()
      await close()
    }
    return { port, adminPort, stop }
  } catch (fault) {
    server.close()
    await close()
    throw fault
  }
}

/** Opens what the pipeline needs of the world. */
async function openDependencies(config: Config, { pepper, log }: { readonly pepper: string; readonly log: Log }) {
  const databaseUrl = requireSetting(config, 'DATABASE_URL')
  const locate = createUpstreamResolver(config)
  const sign = await openIdentitySigner(config, 'ebb:gateway')
  const contracts = openContractsFile(requireSetting(config, 'EBB_CONTRACTS'), log)
  const startTimeoutMs = config.EBB_START_TIMEOUT_MS
  const connect = { timeout: CONNECT_MS }
  const dispatcher = new Agent({ connect })
  const retryDispatcher = new Agent({ connect, pipelining: 0 })
  // Each idle connection that breaks would say so; readiness says it once.
  const quiet = log.child({}, { level: 'error' })
  const shares = splitPool(config.EBB_POOL_MAX)
  const poolOf = (max: number) => createPool(databaseUrl, { max, statementTimeoutMs: STATEMENT_MS, log: quiet })
  const pool = poolOf(shares.callers)
  const adminPool = poolOf(shares.admin)
  const { metrics, onFallback, registry } = createMetrics()
  const lookUps = createLookups(pool, { pepper, maxRunning: shares.lookUps, shed: metrics.shed })
  const keys = createKeyCache(lookUps.findKey)
  const channel = openListener(config.DATABASE_DIRECT_URL ?? databaseUrl, [KEYS_CHANNEL], {
    onNotify: keys.clear,
    onUp: keys.clear,
    log,
  })
  const state = createReadiness(
    () => queryWithTimeout(pool, LOOKUP_MS, (client) => client.query('select from ebb.api_key limit 0')),
    {
      log,
    },
  )
  const seen = observeFunctions(contracts.current)
  const limits = await openRateLimiter(config, { log, onFallback })
  const invocations = openInvocationStore(pool, { maxRunning: shares.invocations, shed: metrics.shed, log })
  const ports: GatewayDependencies = {
    ...{ contracts: contracts.current, sign, ready: state.ready, log },
    metrics: {
      ...metrics,
      completed: (request) => {
        metrics.completed(request)
        seen.count(request)
      },
    },
    findKey: keys.find,
    findStoredResponse: lookUps.findAnswer,
    invocations,
    limiter: limits.take,
    hosts: config.EBB_HOSTS,
    corsOrigins: config.EBB_CORS_ORIGINS ?? [],
    docs: createDocs({ key: config.EBB_DOCS_KEY, log }),
    upstream: { dispatcher, retryDispatcher, locate, startTimeoutMs },
  }
  const close = async () => {
    contracts.close()
    limits.close()
    await invocations.close()
    await Promise.all([channel.close(), dispatcher.destroy(), retryDispatcher.destroy(), pool.end(), adminPool.end()])
  }
  return { ports, adminPool, registry, seen, beginDrain: state.drain, close }
}

/**
 * Who may use how many of the gateway's connections at a time: an operator's long look holds up no caller, and no kind
 * of look-up another.
 */
function splitPool(connections: number) {
  const admin = connections > 5 ? 2 : 1
  const callers = Math.max(1, connections - admin)
  const lookUps = Math.max(1, Math.floor(callers / 4))
  return { admin, callers, lookUps, invocations: Math.max(1, callers - 2 * lookUps) }
}

const getAdminPort = ({ PORT, EBB_ADMIN_PORT }: Config) => EBB_ADMIN_PORT ?? (PORT === 0 ? 0 : PORT + 1)

function openContractsFile(pointer: string, log: Log): ContractsFile {
  try {
    return openContracts(pointer, { log })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : cause
    throw new ConfigError(`EBB_CONTRACTS: the contracts do not load: ${why}`, { cause })
  }
}
