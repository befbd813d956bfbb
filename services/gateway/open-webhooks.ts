import type { GatewayMetrics, OwnWebhooks } from 'ebb/http/gateway'
import { type Config, type Log, liveSetting } from 'ebb/kernel'
import type pg from 'pg'
import { createWebhookSecrets } from '../../src/data/webhooks/webhook-secrets.ts'
import { createWebhookStore } from './webhook-store.ts'

interface OpenOptions extends Pick<GatewayMetrics, 'shed'> {
  readonly log: Log
  readonly maxRunning: number
}

/** Opens the webhooks of customers; undefined where there is no key to seal their secrets with. */
export function openWebhooks(pool: pg.Pool, config: Config, { log, ...options }: OpenOptions): OwnWebhooks | undefined {
  if (config.EBB_WEBHOOK_KEY === undefined) return undefined
  const settings = [liveSetting(config, 'EBB_WEBHOOK_KEY', log), liveSetting(config, 'EBB_WEBHOOK_KEY_PREVIOUS', log)]
  return createWebhookStore(pool, {
    ...options,
    secrets: createWebhookSecrets(() => settings.flatMap((setting) => setting.current() ?? [])),
    maxWebhooks: config.EBB_WEBHOOKS_PER_CALLER,
    also: config.EBB_GUARDED_ALSO ?? [],
  })
}
