import { createServer } from 'node:http'
import type { GatewayDependencies } from 'ebb/http/gateway'
import { type Config, ConfigError, type Log, listenOn, liveSetting, requireSetting, type ServiceLog } from 'ebb/kernel'
import { type ContractsFile, createUpstreamResolver, openContracts, openIdentitySigner } from 'ebb/protocol'
import { Agent } from 'undici'
import { gatewayDrainMs } from '../../src/contract/index.ts'
import { KEYS_CHANNEL, type Peppers } from '../../src/data/keys/api-keys.ts'
import { PURGES_CHANNEL } from '../../src/data/outbox.ts'
import { openListener } from '../../src/data/postgres/listener.ts'
import { openDatabaseAddresses } from '../../src/data/postgres/open-addresses.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { PLANS_CHANNEL } from '../../src/data/tenant-plans.ts'
import { readQuota, recordUsage } from '../../src/data/usage.ts'
import { createCircuitBreakers } from '../../src/http/gateway/upstream/circuit-breakers.ts'
import { createFunctionPools } from '../../src/http/gateway/upstream/function-pools.ts'
import { createTunnels } from '../../src/http/gateway/upstream/tunnels.ts'
import { fetchFunctionsView } from '../../src/protocol/functions-view.ts'
import { createAdminApp } from './admin/app.ts'
import { openCache } from './cache/open-cache.ts'
import { CONTROLS_CHANNEL, createControls } from './controls.ts'
import { docsLogin } from './docs/docs-login.ts'
import { createDocs } from './docs.ts'
import { openInvocationStore } from './invocation-store.ts'
import { createKeyCache } from './key-cache.ts'
import { createLookups, LOOKUP_MS } from './lookups.ts'
import { createMetrics, observeCertificate, observeContracts } from './metrics.ts'
import { countUpstreamEvents, observeUpstreams } from './observe-upstreams.ts'
import { observeFunctions } from './observed-functions.ts'
import { createOwnKeyStore } from './own-key-store.ts'
import { openPeppers } from './peppers.ts'
import { createMeter } from './plans/meter.ts'
import { createTenantPlans } from './plans/tenant-plans.ts'
import { createPublicServers } from './public-servers.ts'
import { createAddressLimit } from './rate-limits/address-limit.ts'
import { openRateLimiter } from './rate-limits/open-rate-limiter.ts'
import { createReadiness } from './readiness.ts'
import { readServiceAddresses, reportUnknownServices } from './service-addresses.ts'
import { openTls } from './tls.ts'
import { ISSUERS_CHANNEL, openTokens } from './tokens/open-tokens.ts'
import { watchEventLoop } from './watch-event-loop.ts'

/** A function's address accepts connections even while it starts; a longer wait for a pod that is gone only costs callers. */
const CONNECT_MS = 5_000
/** What any statement may take, an operator's long list included. */
const STATEMENT_MS = 15_000

/**
 * Starts a gateway with these settings. Resolves to its ports; the database may become available later. Rejects with a
 * ConfigError where a setting does not fit or a port is taken.
 */
export async function startGateway(config: Config, { log }: { readonly log: ServiceLog }) {
  const pepper = openPeppers(config, log)
  requireSetting(config, 'EBB_ADMIN_KEY')
  const admins = [liveSetting(config, 'EBB_ADMIN_KEY', log), liveSetting(config, 'EBB_ADMIN_KEY_PREVIOUS', log)]
  const adminKeys = () => admins.map((key) => key.current())
  const tls = openTls(config, log)
  const opened = await openDependencies(config, { pepper, log })
  const { adminPool: pool, registry, observed, tokens, controls, contractsStatus, beginDrain, close } = opened
  const drainer = new AbortController()
  const dependencies: GatewayDependencies = { ...opened.dependencies, draining: drainer.signal }
  const servers = createPublicServers(dependencies, config, { tls })
  if (tls) observeCertificate(registry, tls)
  observeContracts(registry, contractsStatus)
  // A pod has no token to ask Kubernetes with.
  const functions = config.EBB_FUNCTIONS_URL ? fetchFunctionsView(config.EBB_FUNCTIONS_URL) : observed.view
  const { contracts, authenticate } = dependencies
  const admin = createServer(
    createAdminApp({
      ...{ adminKeys, adminScope: config.EBB_ADMIN_SCOPE, hosts: config.EBB_HOSTS, authenticate, tokens },
      ...{ pool, pepper, contracts, contractsStatus, registry, functions, controls, explain: servers.explain, log },
    }),
  )
  try {
    const ports = await servers.listen()
    const adminPort = await listenOn(admin, config.EBB_HOST, getAdminPort(config), 'EBB_ADMIN_PORT')
    const stop = async () => {
      beginDrain()
      drainer.abort()
      const calls = { startTimeoutMs: config.EBB_START_TIMEOUT_MS, contracts: contracts().routes }
      await servers.drain({ graceMs: config.EBB_DRAIN_MS, timeoutMs: gatewayDrainMs(calls) })
      admin.close()
      admin.closeAllConnections()
      await close()
    }
    return { ...ports, adminPort, stop }
  } catch (error) {
    servers.close()
    await close()
    throw error
  }
}

/** Opens what the pipeline depends on. */
async function openDependencies(
  config: Config,
  { pepper, log }: { readonly pepper: Peppers; readonly log: ServiceLog },
) {
  const { pooled, direct } = openDatabaseAddresses(config, log)
  const locate = createUpstreamResolver(config)
  const sign = await openIdentitySigner(config, 'ebb:gateway', log)
  const { metrics, cache: cacheMetrics, onFallback, registry } = createMetrics(config)
  const { onRetry, onOpened } = countUpstreamEvents(registry)
  // Before anything is open that a setting that does not fit would leave so.
  const tokens = openTokens(config, { log, shed: metrics.shed })
  const services = readServiceAddresses(config)
  const contracts = openContractsFile(requireSetting(config, 'EBB_CONTRACTS'), log)
  reportUnknownServices(services, contracts.current(), log)
  const startTimeoutMs = config.EBB_START_TIMEOUT_MS
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
  const eventLoop = watchEventLoop()
  // The pool would log each idle connection that breaks; readiness logs it once.
  const quietLog = log.child({}, { level: 'error' })
  const share = splitPool(config.EBB_POOL_MAX)
  const openPool = (max: number) => createPool(pooled, { max, statementTimeoutMs: STATEMENT_MS, log: quietLog })
  const pool = openPool(share.callers)
  const adminPool = openPool(share.admin)
  const lookups = createLookups(pool, { pepper, maxRunning: share.lookups, shed: metrics.shed })
  const keys = createKeyCache(lookups.findKey)
  const tenantPlans = createTenantPlans(lookups.findTenantPlan)
  const cache = await openCache(config, {
    ...{ pool, slowPool: adminPool, pepper, contracts: contracts.current, metrics: cacheMetrics, log },
  })
  const controls = createControls({ log, setting: liveSetting(config, 'LOG_LEVEL', log).current, breakers })
  const renew: Readonly<Record<string, () => void>> = {
    [KEYS_CHANNEL]: keys.clear,
    [PLANS_CHANNEL]: tenantPlans.clear,
    [ISSUERS_CHANNEL]: () => void tokens.refresh(),
    [PURGES_CHANNEL]: cache.wake,
  }
  let wasDown = false
  const channel = openListener(direct, [...Object.keys(renew), CONTROLS_CHANNEL], {
    onNotify: (name, payload) => (name === CONTROLS_CHANNEL ? controls.receive(payload) : renew[name]?.()),
    // What was sent while nobody listened is lost.
    onUp: () => {
      for (const each of Object.values(renew)) each()
      if (wasDown) cache.restart()
    },
    onDown: () => {
      wasDown = true
    },
    log,
  })
  const checkDatabase = () =>
    queryWithTimeout(pool, LOOKUP_MS, (client) => client.query('select from ebb.api_key limit 0'))
  const readiness = createReadiness(checkDatabase, { log })
  const observed = observeFunctions(contracts.current)
  const limiter = await openRateLimiter(config, { log, onFallback })
  const meter = createMeter(
    (batch, entries) => queryWithTimeout(pool, LOOKUP_MS, (client) => recordUsage(client, batch, entries)),
    {
      ...{ log, onUncounted: () => metrics.shed('usage') },
      readUsed: async ({ holder, quota }) => quota && readQuota(adminPool, holder, quota),
    },
  )
  const invocations = openInvocationStore(pool, { maxRunning: share.invocations, shed: metrics.shed, log })
  const dependencies: GatewayDependencies = {
    ...{ contracts: contracts.current, sign, ready: readiness.ready, log },
    metrics: {
      ...metrics,
      completed: (request) => {
        metrics.completed(request)
        observed.count(request)
      },
      judged: (request) => {
        metrics.judged(request)
        if (request.call) observed.count({ invoked: request.authorizer, ...request.call })
      },
    },
    authenticate: { key: keys.find, token: tokens.authenticate },
    issuers: tokens.issuers,
    findStoredResponse: lookups.findStoredResponse,
    invocations,
    ownKeys: createOwnKeyStore(pool, {
      ...{ pepper, maxKeys: config.EBB_KEYS_PER_CALLER, maxRunning: share.own, shed: metrics.shed },
    }),
    cache: cache.responses,
    limiter: limiter.take,
    limitAddress: createAddressLimit(config),
    plans: { ofTenant: tenantPlans.ofTenant, meter },
    hosts: config.EBB_HOSTS,
    corsOrigins: config.EBB_CORS_ORIGINS ?? [],
    docs: createDocs({ key: config.EBB_DOCS_KEY, guideUrl: config.EBB_GUIDE_URL, login: docsLogin(config), log }),
    upstream: { dispatcher, pools, tunnels, breakers, onRetry, locate, services, startTimeoutMs },
    load: eventLoop,
  }
  const close = async () => {
    controls.close()
    contracts.close()
    limiter.close()
    tokens.close()
    eventLoop.close()
    await invocations.close()
    await meter.close()
    await cache.close()
    await Promise.all([channel.close(), pool.end(), adminPool.end()])
    await Promise.all([pools.close(), dispatcher.destroy()])
  }
  const seen = { registry, observed, contractsStatus: contracts.status }
  return { dependencies, adminPool, ...seen, tokens, controls, beginDrain: readiness.drain, close }
}

/**
 * How many of the gateway's connections each use may take at a time: an operator's long list holds up no caller, and no
 * kind of lookup another. Tenants' plans, the counting of requests and purges take one each.
 */
function splitPool(connections: number) {
  const admin = connections > 5 ? 2 : 1
  const callers = Math.max(1, connections - admin)
  const lookups = Math.max(1, Math.floor(callers / 4))
  const own = 1
  return { admin, callers, lookups, own, invocations: Math.max(1, callers - 2 * lookups - own - 3) }
}

const getAdminPort = ({ PORT, EBB_ADMIN_PORT }: Config) => EBB_ADMIN_PORT ?? (PORT === 0 ? 0 : PORT + 1)

function openContractsFile(pointer: string, log: Log): ContractsFile {
  try {
    return openContracts(pointer, { log })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause
    throw new ConfigError(`EBB_CONTRACTS: the contracts do not load: ${reason}`, { cause })
  }
}
