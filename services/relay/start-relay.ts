import { type Config, type Log, requireSetting } from 'ebb/kernel'
import { createUpstreamResolver, openContracts, openIdentitySigner } from 'ebb/protocol'
import { BROKER } from '../../src/contract/broker.ts'
import { functionsOf, relayDrainMs, WEBHOOKS } from '../../src/contract/index.ts'
import { CANARIES_CHANNEL } from '../../src/data/canaries/canary-store.ts'
import { openCanaries } from '../../src/data/canaries/open-canaries.ts'
import { createCallRecorder } from '../../src/data/cost/call-recorder.ts'
import { OUTBOX_CHANNEL } from '../../src/data/outbox.ts'
import { openListener } from '../../src/data/postgres/listener.ts'
import { openDatabaseAddresses } from '../../src/data/postgres/open-addresses.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { createInvocationNotifier } from '../../src/data/queue/notify-invocations.ts'
import { countDeliveries, sumTally } from '../../src/data/queue/tally.ts'
import { recordSecrets } from '../../src/data/secret-ages.ts'
import { abandonOrphans } from './abandon-orphans.ts'
import { startAdmin } from './admin.ts'
import { readBacklog } from './backlog.ts'
import { openBroker } from './broker/open-broker.ts'
import { openCaller } from './call-function.ts'
import { createCallbackQueue } from './callback-queue.ts'
import { readChanges } from './changes/read-changes.ts'
import { makeChecks } from './checks/make-checks.ts'
import { createCostMetrics } from './cost-metrics.ts'
import { countCalls } from './count-calls.ts'
import { createDeliveryQueue } from './delivery-queue.ts'
import { forgetCalls } from './forget-calls.ts'
import { forgetCosts } from './forget-costs.ts'
import { inRounds } from './in-rounds.ts'
import { createInvocationQueue } from './invocation-queue.ts'
import { keepHistory } from './keep-history.ts'
import { keepWarm } from './keep-warm.ts'
import { createMetrics } from './metrics.ts'
import { type PollLoopOptions, startPollLoop } from './poll-loop.ts'
import { removeObjects } from './remove-objects.ts'
import { fireSchedules } from './schedules.ts'
import { createSecretMetrics } from './secret-metrics.ts'
import { openCallbackSender } from './send-callback.ts'
import { splitCalls } from './split-calls.ts'
import { watchCycles } from './watch-cycles.ts'
import { openWebhooks } from './webhooks/open-webhooks.ts'

/** What counting the backlog may take while a scrape waits; the database itself gives up after half of it. */
const LOOKUP_MS = 2_000
/** What any statement may take. */
const STATEMENT_MS = 10_000
/** How often the counts of what became of deliveries are summed up. */
const SUM_MS = 10_000
/** Connections for what is done now and then; the other ones of `EBB_POOL_MAX` are for the queues. */
const POOL_MAX = 2

export interface RunningRelay {
  /** Of its admin side, where it has one. */
  readonly adminPort: number | undefined
  /** At which it takes events from a broker, where there is one. */
  readonly brokerPort: number | undefined
  stop(): Promise<void>
}

/**
 * Starts a relay with these settings. Rejects with a ConfigError where a setting does not fit or a port is taken.
 */
export async function startRelay(
  config: Config,
  { log, ...options }: PollLoopOptions & { readonly log: Log },
): Promise<RunningRelay> {
  const startTimeoutMs = config.EBB_START_TIMEOUT_MS
  const { pooled, direct } = openDatabaseAddresses(config, log)
  const pointer = requireSetting(config, 'EBB_CONTRACTS')
  const locate = createUpstreamResolver(config)
  const sign = await openIdentitySigner(config, 'ebb:relay', log)

  const contracts = openContracts(pointer, { log, onReload: () => onReload() })
  const subscriptions = () => contracts.current().subscriptions
  const routes = () => contracts.current().routes
  const functions = () => functionsOf(contracts.current())
  const calleesOf = (name: string) => functions().find((one) => one.name === name)?.calls
  const cycles = watchCycles({ subscriptions, log })
  // The pool would log each idle connection that breaks; the relay logs once that the database is unavailable.
  const poolOptions = { statementTimeoutMs: STATEMENT_MS, log: log.child({}, { level: 'error' }) }
  const pool = createPool(pooled, { ...poolOptions, max: POOL_MAX })
  const queuePool = createPool(direct, {
    ...{ ...poolOptions, max: Math.max(1, config.EBB_POOL_MAX - POOL_MAX), prepared: true },
  })
  const { probe, close, ...caller } = openCaller({ locate, calleesOf, sign, startTimeoutMs, log })
  const recorder = createCallRecorder(pool, { by: 'relay', log })
  const secretAges = recordSecrets(pool, { part: 'relay', config, log })
  const canaries = openCanaries(pool, { log })
  const call = splitCalls(countCalls(caller.call, recorder), canaries)
  cycles.check()
  const notifier = createInvocationNotifier(pool)
  const callbacks = openCallbackSender(config, { log })
  const broker = openBroker(config, { contracts: contracts.current, call, pool, log })
  const webhooks = openWebhooks(config, {
    ...{ contracts: contracts.current, pool, queuePool, wake: (kind) => loop.wake(kind), log },
  })
  const queues = [
    createDeliveryQueue({ pool: queuePool, call, subscriptions, broker, webhooks: webhooks?.offers }),
    createInvocationQueue({ pool: queuePool, call, routes, notifier, onCallbackDue: () => loop.wake('callbacks') }),
    createCallbackQueue({ pool: queuePool, sender: callbacks, notifier }),
    ...(webhooks ? [webhooks.queue] : []),
  ]
  const readQueues = () =>
    queryWithTimeout(pool, LOOKUP_MS, (client) => readBacklog(client, { limitMs: LOOKUP_MS / 2 }))
  const {
    metrics,
    schedules: scheduleMetrics,
    changes: changeMetrics,
    checks: checkMetrics,
    ...exposition
  } = createMetrics({
    ...{ read: readQueues, config, countWebhooks: webhooks?.count },
    count: () => queryWithTimeout(pool, LOOKUP_MS, countDeliveries),
    costs: (registers) => createCostMetrics(registers, { pool, prices: () => contracts.current().prices }),
    secrets: (registers) => createSecretMetrics(registers, pool),
    isKnown: (consumer) =>
      (broker !== undefined && consumer === BROKER) ||
      (webhooks !== undefined && consumer === WEBHOOKS) ||
      subscriptions().some(({ name }) => name === consumer),
  })
  const longestCallMs = () => relayDrainMs({ startTimeoutMs, contracts: functions() })
  const loop = startPollLoop({ queues, startTimeoutMs, longestCallMs, log, metrics }, options)
  const orphans = abandonOrphans({ queues, afterMs: config.EBB_ABANDON_AFTER_MS, log, metrics })
  const keep = {
    eventsDays: config.EBB_KEEP_EVENTS_DAYS,
    keysHours: config.EBB_KEEP_KEYS_HOURS,
    deadLettersDays: config.EBB_KEEP_DEAD_LETTERS_DAYS,
    auditDays: config.EBB_KEEP_AUDIT_DAYS,
  }
  const archive = config.EBB_ARCHIVE === 'required'
  const history = keepHistory({ pool, keep, archive, log, metrics })
  const forgetting = forgetCalls(pool, { keepSeconds: config.EBB_KEEP_CALLS_HOURS * 3_600, log })
  const cost = forgetCosts(pool, { log })
  const tally = inRounds(() => sumTally(pool), {
    intervalMs: SUM_MS,
    onFailure: (error) => log.warn({ err: error }, 'the counts of deliveries could not be summed up'),
  })
  const schedules = fireSchedules({
    ...{ pool, subscriptions, log, metrics: scheduleMetrics, wake: () => loop.wake('events') },
    forgetAfterMs: config.EBB_ABANDON_AFTER_MS,
  })
  const objects = removeObjects(config, { pool, log })
  const checks = makeChecks(config, {
    ...{ pool, routes, log, metrics: checkMetrics },
    hasCanary: (name) => canaries.of(name) !== undefined,
  })
  const changes = readChanges({
    ...{ pool, direct, subscriptions, log, metrics: changeMetrics, wake: () => loop.wake('events') },
    onWrite: cycles.add,
    forgetAfterMs: config.EBB_ABANDON_AFTER_MS,
  })
  const onReload = () => {
    changes.check()
    cycles.check()
    orphans.check()
    loop.wake()
  }
  const warm = keepWarm({ functions, probe, log })
  const channel = openListener(direct, [OUTBOX_CHANNEL, CANARIES_CHANNEL], {
    onNotify: (channel, kind) => (channel === CANARIES_CHANNEL ? void canaries.refresh() : loop.wake(kind)),
    onUp: () => {
      loop.wake()
      void canaries.refresh()
    },
    log,
  })
  const end = async () => {
    warm.stop()
    await broker?.stop(options.drainMs ?? longestCallMs())
    const rounds = [orphans, history, forgetting, tally, cost, schedules, changes]
    const others = [webhooks, objects, checks, loop]
    await Promise.all([...rounds, ...others].map((one) => one?.stop()))
    await notifier.flush()
    await recorder.close()
    await secretAges.close()
    await canaries.close()
    admin?.close()
    contracts.close()
    await Promise.all([
      channel.close(),
      close(),
      callbacks.close(),
      webhooks?.close(),
      broker?.close(),
      pool.end(),
      queuePool.end(),
    ])
  }
  let ended: Promise<void> | undefined
  const stop = () => {
    ended ??= end()
    return ended
  }
  let admin: Awaited<ReturnType<typeof startAdmin>> | undefined
  let brokerPort: number | undefined
  try {
    admin = await startAdmin(config, { ...loop, metrics: exposition, log })
    brokerPort = await broker?.listen(metrics)
  } catch (error) {
    await stop()
    throw error
  }
  return { adminPort: admin.port, brokerPort, stop }
}
