import { type Config, type Log, liveSetting } from 'ebb/kernel'
import type pg from 'pg'
import type { ContractSet } from '../../../src/contract/index.ts'
import { queryWithTimeout } from '../../../src/data/postgres/with-connection.ts'
import { countWebhooks } from '../../../src/data/webhooks/count-webhooks.ts'
import { forgetWebhooks } from '../../../src/data/webhooks/webhook-queue.ts'
import { createWebhookSecrets } from '../../../src/data/webhooks/webhook-secrets.ts'
import { inRounds } from '../in-rounds.ts'
import { createWebhookOffers } from './offer-events.ts'
import { openWebhookSender } from './send-webhook.ts'
import { createWebhookQueue } from './webhook-queue.ts'

interface OpenOptions {
  readonly contracts: () => Pick<ContractSet, 'webhookEvents'>
  /** For what is done now and then. */
  readonly pool: pg.Pool
  /** For the queues. */
  readonly queuePool: pg.Pool
  /** Looks now at what is new of a kind of calls. */
  readonly wake: (kind: 'events' | 'webhooks') => void
  readonly log: Log
}

const FORGET_MS = 60_000
const LIMIT_MS = 10_000
/** What counting may take while a scrape waits. */
const COUNT_MS = 2_000
/** Few enough that nothing waits for the locks of one statement. */
const MAX_BATCH = 500

/** Opens all that the relay does for webhooks; undefined where there is no key that opens their secrets. */
export function openWebhooks(config: Config, { contracts, pool, queuePool, wake, log }: OpenOptions) {
  if (config.EBB_WEBHOOK_KEY === undefined) return undefined
  const settings = [liveSetting(config, 'EBB_WEBHOOK_KEY', log), liveSetting(config, 'EBB_WEBHOOK_KEY_PREVIOUS', log)]
  const secrets = createWebhookSecrets(() => settings.flatMap((setting) => setting.current() ?? []))
  const sender = openWebhookSender(config, secrets)
  const offers = createWebhookOffers({
    ...{ pool: queuePool, events: () => contracts().webhookEvents ?? [], onOffered: () => wake('webhooks') },
  })
  const queue = createWebhookQueue({
    ...{ pool: queuePool, sender, timeoutMs: config.EBB_WEBHOOK_TIMEOUT_MS, log },
    ...{ disableHours: config.EBB_WEBHOOK_DISABLE_HOURS, onDisabled: () => wake('events') },
  })
  let closed = false
  const forget = async () => {
    const limits = { keepDays: config.EBB_KEEP_WEBHOOKS_DAYS, limit: MAX_BATCH }
    for (let forgotten = 1; forgotten > 0 && !closed; ) {
      forgotten = await queryWithTimeout(pool, LIMIT_MS, (client) => forgetWebhooks(client, limits))
    }
  }
  const forgetting = inRounds(forget, {
    intervalMs: FORGET_MS,
    onFailure: (error) => log.warn({ err: error }, 'messages to webhooks whose time is over could not be forgotten'),
  })
  return {
    offers,
    queue,
    count: () => queryWithTimeout(pool, COUNT_MS, countWebhooks),
    /** Stops to forget; what is being sent goes on until `close`. */
    stop: () => {
      closed = true
      return forgetting.stop()
    },
    close: sender.close,
  }
}
