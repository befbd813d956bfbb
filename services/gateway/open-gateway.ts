import { createServer } from 'node:http'
import { gatewayDrainMs } from 'ebb/contract'
import { createGatewayServer, type GatewayPorts } from 'ebb/http/gateway'
import {
  type Config,
  ConfigFault,
  type ContractsFile,
  drain,
  type Log,
  listenOn,
  need,
  openContracts,
  openSigner,
  openUpstream,
} from 'ebb/kernel'
import { Agent } from 'undici'
import { KEYS_CHANNEL } from '../../src/data/api-keys.ts'
import { ask } from '../../src/data/ask.ts'
import { listen } from '../../src/data/listen.ts'
import { createPool } from '../../src/data/pool.ts'
import { createAdmin } from './admin.ts'
import { docsFiles } from './docs/docs-files.ts'
import { functionsFrom } from './functions-from.ts'
import { functionsSeen } from './functions-seen.ts'
import { openInvocations } from './invocations.ts'
import { keyCache } from './key-cache.ts'
import { createLookUps, LOOK_MS } from './look-ups.ts'
import { createMetrics } from './metrics.ts'
import { openRateLimiter } from './rate-limits/open-rate-limiter.ts'
import { readiness } from './readiness.ts'

/** To a function's address, where somebody listens also while it starts: longer, a pod that is gone would hold callers up. */
const CONNECT_MS = 5_000
/** What any statement may take, an operator's long list among them. */
const STATEMENT_MS = 15_000

/**
 * Puts the gateway together from its settings and starts it; answers where it listens. The database may come later.
 * Throws a ConfigFault where a setting does not fit or a port is taken.
 */
export async function openGateway(config: Config, { log }: { readonly log: Log }) {
  const pepper = need(config, 'EBB_KEY_PEPPER')
  const adminKey = need(config, 'EBB_ADMIN_KEY')
  const { ports, adminPool: pool, registry, seen, beginDrain, close } = await openPorts(config, { pepper, log })
  const server = createGatewayServer(ports, {
    bodiesMaxBytes: config.EBB_BODY_BUDGET_BYTES,
    maxConnections: config.EBB_MAX_CONNECTIONS,
    trustedHops: config.EBB_TRUSTED_HOPS,
  })
  // A pod has no token to ask Kubernetes with.
  const functions = config.EBB_FUNCTIONS_URL ? functionsFrom(config.EBB_FUNCTIONS_URL) : seen.view
  const { contracts } = ports
  const admin = createServer(
    createAdmin({ adminKey, pool, pepper, contracts, registry, functions, hosts: config.EBB_HOSTS, log }),
  )
  try {
    const port = await listenOn(server, config.EBB_HOST, config.PORT, 'PORT')
    const adminPort = await listenOn(admin, config.EBB_HOST, adminPortOf(config), 'EBB_ADMIN_PORT')
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
async function openPorts(config: Config, { pepper, log }: { readonly pepper: string; readonly log: Log }) {
  const databaseUrl = need(config, 'DATABASE_URL')
  const locate = openUpstream(config)
  const sign = await openSigner(config, 'ebb:gateway')
  const contracts = openPointer(need(config, 'EBB_CONTRACTS'), log)
  const startTimeoutMs = config.EBB_START_TIMEOUT_MS
  const connect = { timeout: CONNECT_MS }
  const dispatcher = new Agent({ connect })
  const fresh = new Agent({ connect, pipelining: 0 })
  // Each idle connection that breaks would say so; readiness says it once.
  const quiet = log.child({}, { level: 'error' })
  const shares = sharesOf(config.EBB_POOL_MAX)
  const poolOf = (max: number) => createPool(databaseUrl, { max, statementMs: STATEMENT_MS, log: quiet })
  const pool = poolOf(shares.callers)
  const adminPool = poolOf(shares.admin)
  const { metrics, fellBack, registry } = createMetrics()
  const lookUps = createLookUps(pool, { pepper, maxRunning: shares.lookUps, shed: metrics.shed })
  const keys = keyCache(lookUps.findKey)
  const channel = listen(config.DATABASE_DIRECT_URL ?? databaseUrl, [KEYS_CHANNEL], {
    onNotify: keys.clear,
    onUp: keys.clear,
    log,
  })
  const state = readiness(() => ask(pool, LOOK_MS, (client) => client.query('select from ebb.api_key limit 0')), {
    log,
  })
  const seen = functionsSeen(contracts.current)
  const limits = await openRateLimiter(config, { log, fellBack })
  const invocations = openInvocations(pool, { maxRunning: shares.invocations, shed: metrics.shed, log })
  const ports: GatewayPorts = {
    ...{ contracts: contracts.current, sign, ready: state.ready, log },
    metrics: {
      ...metrics,
      answered: (request) => {
        metrics.answered(request)
        seen.count(request)
      },
    },
    findKey: keys.find,
    findAnswer: lookUps.findAnswer,
    invocations,
    limiter: limits.take,
    hosts: config.EBB_HOSTS,
    corsOrigins: config.EBB_CORS_ORIGINS ?? [],
    docs: docsFiles({ key: config.EBB_DOCS_KEY, log }),
    upstream: { dispatcher, fresh, locate, startTimeoutMs },
  }
  const close = async () => {
    contracts.close()
    limits.close()
    await invocations.close()
    await Promise.all([channel.close(), dispatcher.destroy(), fresh.destroy(), pool.end(), adminPool.end()])
  }
  return { ports, adminPool, registry, seen, beginDrain: state.drain, close }
}

/**
 * Who may use how many of the gateway's connections at a time: an operator's long look holds up no caller, and no kind
 * of look-up another.
 */
function sharesOf(connections: number) {
  const admin = connections > 5 ? 2 : 1
  const callers = Math.max(1, connections - admin)
  const lookUps = Math.max(1, Math.floor(callers / 4))
  return { admin, callers, lookUps, invocations: Math.max(1, callers - 2 * lookUps) }
}

const adminPortOf = ({ PORT, EBB_ADMIN_PORT }: Config) => EBB_ADMIN_PORT ?? (PORT === 0 ? 0 : PORT + 1)

function openPointer(pointer: string, log: Log): ContractsFile {
  try {
    return openContracts(pointer, { log })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : cause
    throw new ConfigFault(`EBB_CONTRACTS: the contracts do not load: ${why}`, { cause })
  }
}
