import * as z from 'zod'
import type { EventContract } from './event-shape.ts'

const Disabled = z.object({
  /** Of the webhook. */
  id: z.uuid(),
  /** Whose it is, and in which tenant. */
  subject: z.string(),
  tenant: z.string().nullable(),
  url: z.string(),
  /** Nothing has succeeded for days, or the address said 410. */
  reason: z.enum(['failing', 'gone']),
  failingSince: z.iso.datetime(),
})

/**
 * The event that a customer's webhook was disabled, which the platform itself emits: subscribe to it to tell the customer.
 * @example
 * export default subscriber({ name: 'tell-customer', summary: 'Tell whose webhook is disabled.', on: webhookDisabled })
 * @see docs/guide/41-webhooks-out.md
 */
export const webhookDisabled: EventContract<{
  readonly type: 'ebb.webhook.disabled'
  readonly data: typeof Disabled
  readonly summary: string
}> = Object.freeze({
  kind: 'event' as const,
  type: 'ebb.webhook.disabled' as const,
  data: Disabled,
  summary: "A customer's webhook was disabled, since its address has failed for days or wants no more.",
})
