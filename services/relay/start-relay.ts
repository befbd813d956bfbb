import { findEventCycles, relayDrainMs } from 'ebb/contract'
import { type Config, type Log, requireSetting } from 'ebb/kernel'
import { createUpstreamResolver, openContracts, openIdentitySigner } from 'ebb/protocol'
import { OUTBOX_CHANNEL } from '../../src/data/outbox.ts'
import { openListener } from '../../src/data/postgres/listener.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { startAdmin } from './admin.ts'
import { readBacklog } from './backlog.ts'
import { openCaller } from './call-function.ts'
import { createDeliveryQueue } from './delivery-queue.ts'
import { giveUpAbandoned } from './give-up.ts'
import { createInvocationQueue } from './invocation-queue.ts'
import { keepWarm } from './keep-warm.ts'
import { createMetrics } from './metrics.ts'
import { type PollLoopOptions, startPollLoop } from './poll-loop.ts'

/** What a look into the database may take, while whoever scrapes waits; the database itself gives up after half of it. */
const LOOKUP_MS = 2_000
/** What any statement may take. */
const STATEMENT_MS = 10_000

/**
 * Puts a relay together from its settings and starts it; answers where its admin side listens, if it does. Throws a
 * ConfigFault where a setting does not fit or the port is taken.
 */
export async function startRelay(
  config: Config,
  { log, ...options }: PollLoopOptions & { readonly log: Log },
): Promise<{ readonly adminPort: number | undefined; stop(): Promise<void> }> {
  const startTimeoutMs = config.EBB_START_TIMEOUT_MS
  const databaseUrl = requireSetting(config, 'DATABASE_URL')
  const pointer = requireSetting(config, 'EBB_CONTRACTS')
  const locate = createUpstreamResolver(config)
  const sign = await openIdentitySigner(config, 'ebb:relay')

  const contracts = openContracts(pointer, { log, onSwap: () => onSwap() })
  const tellCycles = () => {
    for (const cycle of findEventCycles(subscriptions())) {
      log.warn({ cycle }, `events may lead back to themselves: ${cycle}; the handlers have to end it`)
    }
  }
  // Each idle connection that breaks would say so; the relay says once that the database is away.
  const pool = createPool(databaseUrl, {
    ...{ max: config.EBB_POOL_MAX, statementTimeoutMs: STATEMENT_MS, log: log.child({}, { level: 'error' }) },
  })
  const { call, look, close } = openCaller({ locate, sign, startTimeoutMs, log })
  const subscriptions = () => contracts.current().subscriptions
  const routes = () => contracts.current().routes
  tellCycles()
  const queues = [createDeliveryQueue({ pool, call, subscriptions }), createInvocationQueue({ pool, call, routes })]
  const { metrics, ...told } = createMetrics(() =>
    queryWithTimeout(pool, LOOKUP_MS, (client) => readBacklog(client, { limitMs: LOOKUP_MS / 2 })),
  )
  const functions = () => [...routes(), ...subscriptions()]
  const longestCallMs = () => relayDrainMs({ startTimeoutMs, contracts: functions() })
  const relay = startPollLoop({ queues, startTimeoutMs, longestCallMs, log, metrics }, options)
  const abandoned = giveUpAbandoned({ queues, afterMs: config.EBB_ABANDON_AFTER_MS, log, metrics })
  const onSwap = () => {
    tellCycles()
    abandoned.look()
    relay.wake()
  }
  const warm = keepWarm({ functions, look, log })
  const channel = openListener(config.DATABASE_DIRECT_URL ?? databaseUrl, [OUTBOX_CHANNEL], {
    onNotify: relay.wake,
    onUp: relay.wake,
    log,
  })
  const end = async () => {
    warm.stop()
    await Promise.all([abandoned.stop(), relay.stop()])
    admin?.close()
    contracts.close()
    await Promise.all([channel.close(), close(), pool.end()])
  }
  let ended: Promise<void> | undefined
  const stop = () => {
    ended ??= end()
    return ended
  }
  let admin: Awaited<ReturnType<typeof startAdmin>> | undefined
  try {
    admin = await startAdmin(config, { ...relay, metrics: told, log })
  } catch (fault) {
    await stop()
    throw fault
  }
  return { adminPort: admin.port, stop }
}
