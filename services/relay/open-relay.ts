import { eventCycles, relayDrainMs } from 'ebb/contract'
import { type Config, type Log, need, openContracts, openSigner, openUpstream } from 'ebb/kernel'
import { ask } from '../../src/data/ask.ts'
import { listen } from '../../src/data/listen.ts'
import { OUTBOX_CHANNEL } from '../../src/data/outbox.ts'
import { createPool } from '../../src/data/pool.ts'
import { readBacklog } from './backlog.ts'
import { createCall } from './call.ts'
import { deliveries } from './deliveries.ts'
import { giveUpAbandoned } from './give-up.ts'
import { invocations } from './invocations.ts'
import { keepWarm } from './keep-warm.ts'
import { createMetrics } from './metrics.ts'
import { openAdmin } from './open-admin.ts'
import { type RelayOptions, startRelay } from './relay.ts'

/** What a look into the database may take, while whoever scrapes waits; the database itself gives up after half of it. */
const LOOK_MS = 2_000
/** What any statement may take. */
const STATEMENT_MS = 10_000

/**
 * Puts a relay together from its settings and starts it; answers where its admin side listens, if it does. Throws a
 * ConfigFault where a setting does not fit or the port is taken.
 */
export async function openRelay(
  config: Config,
  { log, ...options }: RelayOptions & { readonly log: Log },
): Promise<{ readonly adminPort: number | undefined; stop(): Promise<void> }> {
  const startTimeoutMs = config.EBB_START_TIMEOUT_MS
  const databaseUrl = need(config, 'DATABASE_URL')
  const pointer = need(config, 'EBB_CONTRACTS')
  const locate = openUpstream(config)
  const sign = await openSigner(config, 'ebb:relay')

  const contracts = openContracts(pointer, { log, onSwap: () => onSwap() })
  const tellCycles = () => {
    for (const cycle of eventCycles(subscriptions())) {
      log.warn({ cycle }, `events may lead back to themselves: ${cycle}; the handlers have to end it`)
    }
  }
  // Each idle connection that breaks would say so; the relay says once that the database is away.
  const pool = createPool(databaseUrl, {
    ...{ max: config.EBB_POOL_MAX, statementMs: STATEMENT_MS, log: log.child({}, { level: 'error' }) },
  })
  const { call, look, close } = createCall({ locate, sign, startTimeoutMs, log })
  const subscriptions = () => contracts.current().subscriptions
  const routes = () => contracts.current().routes
  tellCycles()
  const works = [deliveries({ pool, call, subscriptions }), invocations({ pool, call, routes })]
  const { metrics, ...told } = createMetrics(() =>
    ask(pool, LOOK_MS, (client) => readBacklog(client, { limitMs: LOOK_MS / 2 })),
  )
  const functions = () => [...routes(), ...subscriptions()]
  const longestCallMs = () => relayDrainMs({ startTimeoutMs, contracts: functions() })
  const relay = startRelay({ works, startTimeoutMs, longestCallMs, log, metrics }, options)
  const abandoned = giveUpAbandoned({ works, afterMs: config.EBB_ABANDON_AFTER_MS, log, metrics })
  const onSwap = () => {
    tellCycles()
    abandoned.look()
    relay.wake()
  }
  const warm = keepWarm({ functions, look, log })
  const channel = listen(config.DATABASE_DIRECT_URL ?? databaseUrl, [OUTBOX_CHANNEL], {
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
  let admin: Awaited<ReturnType<typeof openAdmin>> | undefined
  try {
    admin = await openAdmin(config, { ...relay, metrics: told, log })
  } catch (fault) {
    await stop()
    throw fault
  }
  return { adminPort: admin.port, stop }
}
