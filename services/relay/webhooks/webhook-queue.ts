import type { Log } from 'ebb/kernel'
import type pg from 'pg'
import type { Settlement } from '../../../src/data/queue/deliveries.ts'
import { type SettledWebhookDelivery, settleWebhooks } from '../../../src/data/webhooks/settle-webhooks.ts'
import {
  findWebhookDueTime,
  leaseWebhookDeliveries,
  reclaimWebhookDeliveries,
  type WebhookDelivery,
} from '../../../src/data/webhooks/webhook-queue.ts'
import { createBatched } from '../batched.ts'
import type { CallOutcome } from '../call-function.ts'
import type { LeasedCall, Queue, Target } from '../queue.ts'
import type { WebhookSender } from './send-webhook.ts'

/** What stands for all addresses in the log and in metrics; no function has such a name. */
const NAME = 'webhook'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
/** Until the next attempt, after each: those of Standard Webhooks, three days in all. */
const DELAYS_MS = [
  ...[5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS],
  ...[10 * HOUR_MS, 14 * HOUR_MS, 20 * HOUR_MS, 24 * HOUR_MS],
]
const ATTEMPTS = DELAYS_MS.length + 1
/** What failed together does not come back together. */
const JITTER = 0.2
/** Until a message is looked at again that we could not send. */
const UNSENT_MS = MINUTE_MS
const MAX_RETRY_AFTER_MS = HOUR_MS

export interface WebhookQueueOptions {
  readonly pool: pg.Pool
  readonly sender: Pick<WebhookSender, 'send'>
  /** How long an address may take. */
  readonly timeoutMs: number
  /** After how long without any success an address is disabled. */
  readonly disableHours: number
  /** Called when a webhook was disabled: there is an event that says so. */
  readonly onDisabled: () => void
  readonly log: Pick<Log, 'warn'>
}

/** Sends messages to the webhooks of customers: each attempt counts in its row before it is made. */
export function createWebhookQueue(options: WebhookQueueOptions): Queue {
  const { pool, sender, timeoutMs, disableHours, onDisabled, log } = options
  const target: Target = {
    ...{ name: NAME, retry: { attempts: ATTEMPTS, minDelayMs: 0, maxDelayMs: 24 * HOUR_MS } },
    ...{ timeoutMs, scale: { max: 100, concurrency: 1 } },
  }
  const settle = createBatched(async (batch: readonly SettledWebhookDelivery[]) => {
    const { settled, disabled } = await settleWebhooks(pool, batch, { disableHours })
    for (const webhook of disabled) log.warn({ webhook }, 'a webhook was disabled: its address has failed for too long')
    if (disabled.length > 0) onDisabled()
    return batch.map(({ leaseToken }) => settled.has(leaseToken))
  })
  const toLeasedCall = (delivery: WebhookDelivery): LeasedCall => {
    const { webhookId, messageId, leaseToken, attempt, type, correlationId, traceparent } = delivery
    let last: CallOutcome | undefined
    return {
      ...{ id: messageId, type, function: NAME, attempt, correlationId, traceparent },
      ...{ unblocksOthers: true, isOneOfMany: true },
      send: async (signal) => {
        last = await sender.send(delivery, signal)
        return last
      },
      classify: (outcome) => classifyWebhook(outcome, attempt),
      abandon: () => ({ state: 'dead', durationMs: 0 }),
      settle: ({ state, retryInMs, durationMs, status, error, uncounted }) => {
        const retryAfterMs = Math.min(last?.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS)
        const ended = { state, retryInMs, durationMs, status, error, uncounted, retryAfterMs }
        return settle({ webhookId, messageId, leaseToken, ...ended })
      },
    }
  }
  return {
    kind: 'webhooks',
    targets: () => [target],
    reclaimExpiredLeases: async (known) => {
      const own = known.find((one) => one.target.name === NAME)
      if (!own) return []
      const reclaimed = await reclaimWebhookDeliveries(pool, { attempts: ATTEMPTS, leaseMs: own.leaseMs })
      return reclaimed.map(({ messageId: id, ...rest }) => ({ ...rest, id, function: NAME }))
    },
    // They wait for no function.
    findOrphaned: async () => [],
    findDueTimes: async (names) => {
      const dueInMs = names.includes(NAME) ? await findWebhookDueTime(pool) : undefined
      return new Map(dueInMs === undefined ? [] : [[NAME, dueInMs]])
    },
    lease: async (_target, lease) => (await leaseWebhookDeliveries(pool, lease)).map(toLeasedCall),
  }
}

/** Any 2xx is done. A receiver that says 410 wants no more of anything; all else may pass, and is tried for days. */
export function classifyWebhook(
  { notSent, retryAfterMs = 0, ...outcome }: CallOutcome,
  attempt: number,
  random = Math.random,
): Settlement {
  const { status, error, durationMs } = outcome
  const said = { durationMs, ...(status === undefined ? {} : { status }), ...(error === undefined ? {} : { error }) }
  if (notSent) return { ...said, state: 'waiting', retryInMs: UNSENT_MS, uncounted: true }
  if (status !== undefined && status >= 200 && status <= 299) return { ...said, state: 'done' }
  const delayMs = DELAYS_MS[attempt - 1]
  if (status === 410 || delayMs === undefined) return { ...said, state: 'dead' }
  const retryInMs = Math.max(delayMs, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS))
  return { ...said, state: 'waiting', retryInMs: Math.round(retryInMs * (1 + JITTER * random())) }
}
