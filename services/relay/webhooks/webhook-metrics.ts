import { Gauge, type Registry } from 'prom-client'
import type { WebhookCounts } from '../../../src/data/webhooks/count-webhooks.ts'

/** Creates the metrics of customers' webhooks. `refresh` counts anew, and never rejects. Every relay tells the same. */
export function createWebhookMetrics(registers: Registry[], count: () => Promise<WebhookCounts>) {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers })
  const webhooks = gauge(
    'ebb_webhooks',
    "Customers' webhooks: active, failing (active, while its attempts fail), paused, or disabled",
    ['state'],
  )
  const waiting = gauge('ebb_webhook_messages_waiting', 'Messages that wait to be sent to webhooks, at most 100000')
  const overdue = gauge(
    'ebb_webhook_overdue_seconds',
    'How long the message to a webhook that could take it now has waited; 0 where none is due',
  )
  const refresh = async () => {
    try {
      const counts = await count()
      for (const [state, number] of Object.entries(counts.webhooks)) webhooks.set({ state }, number)
      waiting.set(counts.waiting)
      overdue.set(counts.overdueSeconds)
    } catch {
      // What is not known has no value; that the database is down, ebb_database_up says.
      webhooks.reset()
      waiting.remove()
      overdue.remove()
    }
  }
  return { refresh }
}
