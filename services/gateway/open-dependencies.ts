import type { GatewayDependencies } from 'ebb/http/gateway'
import { type Config, ConfigError, type Log, liveSetting, requireSetting, type ServiceLog } from 'ebb/kernel'
import { type ContractsFile, openContracts, openIdentitySigner } from 'ebb/protocol'
import { openCanaries } from '../../src/data/canaries/open-canaries.ts'
import { recordContractUsage } from '../../src/data/contract-usage.ts'
import { createCallRecorder } from '../../src/data/cost/call-recorder.ts'
import type { Peppers } from '../../src/data/keys/api-keys.ts'
import { openDatabaseAddresses } from '../../src/data/postgres/open-addresses.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { recordSecrets } from '../../src/data/secret-ages.ts'
import { readQuota, recordUsage } from '../../src/data/usage.ts'
import { openCache } from './cache/open-cache.ts'
import { collectUsage } from './contract-usage/collect-usage.ts'
import { createControls } from './controls.ts'
import { countRequest } from './count-request.ts'
import { docsLogin } from './docs/docs-login.ts'
import { createDocs } from './docs.ts'
import { createEventTail } from './event-tail.ts'
import { followChanges } from './follow-changes.ts'
import { openInvocationStore } from './invocation-store.ts'
import { createKeyCache } from './key-cache.ts'
import { createLookups, LOOKUP_MS } from './lookups.ts'
import { createMetrics } from './metrics.ts'
import { observeObjectives } from './objectives.ts'
import { observeFunctions } from './observed-functions.ts'
import { openUpstream } from './open-upstream.ts'
import { openWebhooks } from './open-webhooks.ts'
import { createOwnKeyStore } from './own-key-store.ts'
import { createMeter } from './plans/meter.ts'
import { createTenantPlans } from './plans/tenant-plans.ts'
import { createAddressLimit } from './rate-limits/address-limit.ts'
import { openRateLimiter } from './rate-limits/open-rate-limiter.ts'
import { createReadiness } from './readiness.ts'
import { openReceiveStore } from './receive-store.ts'
import { observeRequests } from './requests/observe-requests.ts'
import { createReplySampler, observeRevisions } from './revision-metrics.ts'
import { reportUnknownServices } from './service-addresses.ts'
import { openSigningSecrets } from './signing-secrets.ts'
import { openTokens } from './tokens/open-tokens.ts'
import { watchEventLoop } from './watch-event-loop.ts'

/** What any statement may take, an operator's long list included. */
const STATEMENT_MS = 15_000

/** Opens what the pipeline depends on. Rejects with a ConfigError where a setting does not fit. */
export async function openDependencies(
  config: Config,
  { pepper, log }: { readonly pepper: Peppers; readonly log: ServiceLog },
) {
  const { pooled, direct } = openDatabaseAddresses(config, log)
  const sign = await openIdentitySigner(config, 'ebb:gateway', log)
  const { metrics, cache: cacheMetrics, onFallback, registry } = createMetrics(config)
  // Before anything is open that a setting that does not fit would leave so.
  const tokens = openTokens(config, { log, shed: metrics.shed })
  const upstreams = openUpstream(config, { registry, log })
  const contracts = openContractsFile(requireSetting(config, 'EBB_CONTRACTS'), log)
  reportUnknownServices(upstreams.upstream.services, contracts.current(), log)
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
  const controls = createControls({
    log,
    setting: liveSetting(config, 'LOG_LEVEL', log).current,
    breakers: upstreams.upstream.breakers,
  })
  const invocations = openInvocationStore(pool, {
    ...{ maxRunning: share.invocations, keepSeconds: config.EBB_KEEP_CALLS_HOURS * 3_600, shed: metrics.shed, log },
  })
  const receivedWebhooks = openReceiveStore(pool, {
    ...{ maxRunning: share.invocations, shed: metrics.shed, secretsOf: openSigningSecrets(log) },
  })
  const events = createEventTail(pool, { log, shed: metrics.shed })
  const canaries = openCanaries(adminPool, { log })
  const followed = {
    invocations,
    events,
    canaries: () => void canaries.refresh(),
    ...{ keys: keys.clear, plans: tenantPlans.clear, issuers: () => void tokens.refresh() },
    ...{ purges: cache.wake, missedPurges: cache.restart, controls },
  }
  const channel = followChanges(direct, followed, { log })
  const checkDatabase = () =>
    queryWithTimeout(pool, LOOKUP_MS, (client) => client.query('select from ebb.api_key limit 0'))
  const readiness = createReadiness(checkDatabase, { log })
  const observed = observeFunctions(contracts.current)
  const seen = observeRequests()
  const countSlow = observeObjectives(registry, () => contracts.current().routes)
  const revisions = observeRevisions(registry, contracts.current)
  const recorder = createCallRecorder(adminPool, { by: 'gateway', log })
  const secretAges = recordSecrets(adminPool, { part: 'gateway', config, log })
  const limiter = await openRateLimiter(config, { log, onFallback })
  const meter = createMeter(
    (batch, entries) => queryWithTimeout(pool, LOOKUP_MS, (client) => recordUsage(client, batch, entries)),
    {
      ...{ log, onUncounted: () => metrics.shed('usage') },
      readUsed: async ({ holder, quota }) => quota && readQuota(adminPool, holder, quota),
    },
  )
  const usage = collectUsage(
    (counts) => queryWithTimeout(adminPool, LOOKUP_MS, (client) => recordContractUsage(client, counts)),
    { log },
  )
  const dependencies: GatewayDependencies = {
    ...{ contracts: contracts.current, sign, ready: readiness.ready, log },
    metrics: {
      ...metrics,
      completed: (request) => {
        metrics.completed(request)
        countSlow(request)
        observed.count(request)
        revisions.completed(request)
        countRequest(recorder, request)
      },
      calling: recorder.begin,
      replyChecked: revisions.replyChecked,
      mayCheckReply: config.EBB_CHECKED_REPLIES > 0 ? createReplySampler(config.EBB_CHECKED_REPLIES) : undefined,
      judged: (request) => {
        metrics.judged(request)
        if (request.call) observed.count({ invoked: request.authorizer, ...request.call })
      },
    },
    authenticate: { key: keys.find, token: tokens.authenticate },
    issuers: tokens.issuers,
    findStoredResponse: lookups.findStoredResponse,
    invocations,
    receivedWebhooks,
    callbacks: config.EBB_CALLBACK_SECRET ? { also: config.EBB_GUARDED_ALSO ?? [] } : undefined,
    ownKeys: createOwnKeyStore(pool, {
      ...{ pepper, maxKeys: config.EBB_KEYS_PER_CALLER, maxRunning: share.own, shed: metrics.shed },
    }),
    webhooks: openWebhooks(pool, config, { log, maxRunning: share.own, shed: metrics.shed }),
    cache: cache.responses,
    limiter: limiter.take,
    limitAddress: createAddressLimit(config),
    plans: { ofTenant: tenantPlans.ofTenant, meter },
    usage: usage.count,
    canaries,
    hosts: config.EBB_HOSTS,
    corsOrigins: config.EBB_CORS_ORIGINS ?? [],
    docs: createDocs({
      ...{ key: config.EBB_DOCS_KEY, guideUrl: config.EBB_GUIDE_URL, login: docsLogin(config), log },
      webhooks: config.EBB_WEBHOOK_KEY === undefined ? undefined : { framedBy: config.EBB_CORS_ORIGINS ?? [] },
    }),
    graphql: async (limits) => (await import('../../src/http/graphql/operations.ts')).createOperations(limits),
    subscriptions: {
      run: async (...following) =>
        (await import('../../src/http/graphql/follow-operation.ts')).followOperation(...following),
      follow: events.follow,
    },
    upstream: upstreams.upstream,
    load: eventLoop,
    keep: seen.keep,
  }
  const close = async () => {
    controls.close()
    events.close()
    contracts.close()
    limiter.close()
    tokens.close()
    eventLoop.close()
    await invocations.close()
    await receivedWebhooks.close()
    await meter.close()
    await usage.close()
    await canaries.close()
    await recorder.close()
    await secretAges.close()
    await cache.close()
    await Promise.all([channel.close(), pool.end(), adminPool.end()])
    await upstreams.close()
  }
  const views = {
    registry,
    observed,
    ...seen.views,
    contractsStatus: contracts.status,
    flushUsage: usage.flush,
    refreshCanaries: canaries.refresh,
  }
  return { dependencies, adminPool, views, tokens, controls, beginDrain: readiness.drain, close }
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

function openContractsFile(pointer: string, log: Log): ContractsFile {
  try {
    return openContracts(pointer, { log })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause
    throw new ConfigError(`EBB_CONTRACTS: the contracts do not load: ${reason}`, { cause })
  }
}
