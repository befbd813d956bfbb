import type { Config } from 'ebb/kernel'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { WebhookCounts } from '../../src/data/webhooks/count-webhooks.ts'
import { registerServiceMetrics } from '../../src/telemetry/service-metrics.ts'
import { type Backlog, isTooSlow, MAX_COUNTED } from './backlog.ts'
import { createChangeMetrics } from './changes/change-metrics.ts'
import { createCheckMetrics } from './checks/check-metrics.ts'
import { createDeliveryMetrics, type DeliveryMetrics, type DeliveryMetricsOptions } from './delivery-metrics.ts'
import { createScheduleMetrics } from './schedule-metrics.ts'
import { createWebhookMetrics } from './webhooks/webhook-metrics.ts'

export interface RelayMetrics extends DeliveryMetrics {
  attempted(attempt: {
    /** The function that was called, or `broker`, which an event was handed to. */
    readonly consumer: string
    /** As in the log: `retry` is tried again, `dead` is not. */
    readonly outcome: string
    readonly seconds: number
  }): void
  /** For how many of the next days this table has a part. */
  historyAhead(table: string, days: number): void
  /** For how many days events are kept longer than they need be, since they are not archived. */
  archiveOverdue(days: number): void
  /** The broker has given up the way of an event to this subscriber. */
  brokerGaveUp(consumer: string): void
}

/** From a warm function to one that starts and takes its time. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export interface MetricsOptions extends DeliveryMetricsOptions {
  /** Counts the backlog, at each scrape. */
  readonly read: () => Promise<Backlog>
  readonly config: Pick<Config, 'EBB_REVISION'>
  /** Counts webhooks; default: there are none. */
  readonly countWebhooks?: (() => Promise<WebhookCounts>) | undefined
  /** Registers what processes have cost; default: nothing does. Returns what reads that anew, and never rejects. */
  readonly costs?: (registers: Registry[]) => () => Promise<void>
  /** Registers the ages of secrets; default: there are none. Returns what reads them anew, and never rejects. */
  readonly secrets?: (registers: Registry[]) => () => Promise<void>
}

/** Creates the relay's metrics, in a registry of their own. */
export function createMetrics({ read, config, countWebhooks, costs, secrets, ...options }: MetricsOptions) {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const attempts = new Histogram({
    name: 'ebb_delivery_attempt_duration_seconds',
    help: 'From the call of a function to the end of its response; attempts whose relay was lost count for their lease',
    labelNames: ['consumer', 'outcome'],
    buckets: SECONDS,
    registers,
  })
  const givenUp = new Counter({
    name: 'ebb_broker_dead_letters_total',
    help: 'Events that the broker (EBB_BROKER_URL) has given up on the way to a subscriber, and that became dead letters',
    labelNames: ['consumer'],
    registers,
  })
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers })
  const size = gauge(
    'ebb_backlog_size',
    `Calls that wait to be made, those in back-off included; new events, deliveries and invocations are each counted up to ${MAX_COUNTED}`,
    ['kind'],
  )
  const age = gauge('ebb_backlog_age_seconds', 'How long the call that is overdue the longest has waited', ['kind'])
  const dead = gauge('ebb_dead_letters', `Deliveries that were given up and not redriven, at most ${MAX_COUNTED}`)
  const ahead = gauge(
    'ebb_history_days_ahead',
    'For how many of the next days the table has a part; 0: the next one is missing',
    ['table'],
  )
  const overdue = gauge(
    'ebb_archive_overdue_days',
    'With EBB_ARCHIVE: for how many days the oldest events are kept longer than they need be, since they are not archived',
  )
  const up = gauge('ebb_database_up', 'Whether the database answered this scrape, if only that it was too busy: 1 or 0')

  registerServiceMetrics(registers, { revision: config.EBB_REVISION })
  const { deliveries, refresh: countDeliveries } = createDeliveryMetrics(registers, options)

  const refreshCosts = costs?.(registers)
  const refreshSecrets = secrets?.(registers)
  const webhooks = countWebhooks && createWebhookMetrics(registers, countWebhooks)

  const record = (backlog: Backlog | undefined, { isUp }: { readonly isUp: boolean }) => {
    for (const each of [size, age]) each.reset()
    for (const { kind, size: calls, ageSeconds } of backlog?.waiting ?? []) {
      size.set({ kind }, calls)
      age.set({ kind }, ageSeconds)
    }
    // What is not known has no value; 0 would be a statement.
    if (backlog) dead.set(backlog.deadLetters)
    else dead.remove()
    up.set(isUp ? 1 : 0)
  }
  let reading: Promise<void> | undefined
  const refresh = () => {
    // Why it failed is logged by the relay's polls, which fail for the same reason.
    reading ??= read()
      .then(
        (backlog) => record(backlog, { isUp: true }),
        (error) => record(undefined, { isUp: isTooSlow(error) }),
      )
      .then(countDeliveries)
      .then(webhooks?.refresh)
      .then(refreshCosts)
      .then(refreshSecrets)
      .finally(() => {
        reading = undefined
      })
    return reading
  }
  const metrics: RelayMetrics = {
    ...deliveries,
    attempted: ({ consumer, outcome, seconds }) => attempts.observe({ consumer, outcome }, seconds),
    historyAhead: (table, days) => ahead.set({ table }, days),
    archiveOverdue: (days) => overdue.set(days),
    brokerGaveUp: (consumer) => givenUp.inc({ consumer }),
  }
  return {
    metrics,
    schedules: createScheduleMetrics(registers),
    changes: createChangeMetrics(registers),
    checks: createCheckMetrics(registers),
    contentType: registry.contentType,
    /** Prometheus' text format. However many scrapes come at once, the backlog is counted once. */
    text: async () => {
      await refresh()
      return registry.metrics()
    },
  }
}
