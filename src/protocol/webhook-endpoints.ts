import * as z from 'zod'
import { own } from './own-key-endpoints.ts'

/** The endpoints by which customers have events sent to addresses of their own. */

const Time = z.iso.datetime({ offset: true })
const Url = z
  .string()
  .min(1)
  .max(2_000)
  .describe('An https address at port 443, of the public internet, without credentials.')
const Description = z.string().max(200).describe('What you call it.')
const Events = z
  .array(z.string().max(200))
  .min(1)
  .max(100)
  .describe('The types of events that it gets, of `eventTypes` at `/v1/webhooks`.')
const PerSecond = z.int().min(1).max(1_000).describe('How many messages it gets in a second, at most.')
const Concurrency = z.int().min(1).max(50).describe('How many messages it gets at a time, at most.')

export const MAX_OVERLAP_SECONDS = 7 * 86_400

export const Webhook = z.object({
  id: z.uuid(),
  url: z.string(),
  description: z.string().nullable(),
  events: z.array(z.string()),
  state: z.enum(['active', 'paused', 'disabled']),
  disabledFor: z
    .enum(['failing', 'gone'])
    .nullable()
    .describe('Nothing has succeeded for days, or the address said 410.'),
  perSecond: z.int(),
  concurrency: z.int(),
  failingSince: Time.nullable().describe('Since when no attempt has succeeded.'),
  createdAt: Time,
  updatedAt: Time,
})

const WithSecret = Webhook.extend({
  secret: z
    .string()
    .describe('What its messages are signed with (Standard Webhooks); shown only here. Keep it where it is checked.'),
})

const EventType = z.object({ type: z.string(), summary: z.string().optional() })

const Attempt = z.object({
  at: Time,
  durationMs: z.int(),
  status: z.int().optional(),
  error: z.string().optional().describe('Why there was no response.'),
})
const STATES = ['waiting', 'sending', 'done', 'failed'] as const
const Delivery = z.object({
  id: z.uuid().describe('The `webhook-id` of each of its attempts.'),
  type: z.string(),
  state: z.enum(STATES),
  attempts: z.array(Attempt).describe('The oldest first, of the last ones.'),
  nextAttemptAt: Time.nullable(),
  createdAt: Time,
  settledAt: Time.nullable(),
})

const id = z.object({ id: z.uuid() })
const idAndDelivery = z.object({ id: z.uuid(), delivery: z.uuid() })
const reads = { requests: 120, perSeconds: 60 }
const changes = { requests: 30, perSeconds: 60 }
const ofOne = { path: '/v1/webhooks/{id}', params: id, access: {} } as const
const notFound = { not_found: 404 } as const

export const listWebhooks = own({
  ...{ name: 'webhooks.list', summary: 'List your webhooks, the newest first, and the events there are.' },
  ...{ method: 'GET', path: '/v1/webhooks' },
  reply: {
    status: 200,
    body: z.object({
      webhooks: z.array(Webhook),
      eventTypes: z.array(EventType).describe('What you may subscribe to.'),
    }),
  },
  ...{ access: {}, limit: reads },
})

export const createWebhook = own({
  ...{ name: 'webhooks.create', summary: 'Have events sent to an address of yours.' },
  ...{ method: 'POST', path: '/v1/webhooks' },
  description:
    'Each event is a POST, signed by Standard Webhooks, and repeated for days until it is answered with a 2xx, at least once, with the same `webhook-id`.',
  body: z.object({
    ...{ url: Url, description: Description.optional(), events: Events },
    ...{ perSecond: PerSecond.default(20), concurrency: Concurrency.default(5) },
  }),
  reply: { status: 201, body: WithSecret },
  failures: { too_many_webhooks: 409 },
  ...{ access: {}, idempotent: true, limit: changes },
})

export const getWebhook = own({
  ...{ name: 'webhooks.get', summary: 'Get one of your webhooks.', method: 'GET', ...ofOne },
  reply: { status: 200, body: Webhook },
  ...{ failures: notFound, limit: reads },
})

export const updateWebhook = own({
  ...{ name: 'webhooks.update', summary: 'Change one of your webhooks.', method: 'PATCH', ...ofOne },
  body: z.object({
    ...{ url: Url.optional(), description: Description.nullable().optional(), events: Events.optional() },
    ...{ perSecond: PerSecond.optional(), concurrency: Concurrency.optional() },
  }),
  reply: { status: 200, body: Webhook },
  ...{ failures: notFound, limit: changes },
})

export const deleteWebhook = own({
  ...{ name: 'webhooks.delete', summary: 'Delete one of your webhooks, with what waits for it.', method: 'DELETE' },
  ...ofOne,
  reply: { status: 204 },
  ...{ failures: notFound, limit: changes },
})

export const pauseWebhook = own({
  ...{
    name: 'webhooks.pause',
    summary: 'Send nothing to one of your webhooks: events wait, for days.',
    method: 'POST',
  },
  ...{ ...ofOne, path: '/v1/webhooks/{id}/pause' },
  reply: { status: 200, body: Webhook },
  ...{ failures: { ...notFound, not_active: 409 }, limit: changes },
})

export const resumeWebhook = own({
  ...{ name: 'webhooks.resume', summary: 'Go on with a webhook that is paused or disabled.', method: 'POST' },
  ...{ ...ofOne, path: '/v1/webhooks/{id}/resume' },
  reply: { status: 200, body: Webhook },
  ...{ failures: notFound, limit: changes },
})

export const rotateWebhookSecret = own({
  ...{ name: 'webhooks.rotate', summary: 'Sign with another secret, and for a while with both.', method: 'POST' },
  ...{ ...ofOne, path: '/v1/webhooks/{id}/rotate' },
  body: z.object({
    overlapSeconds: z
      .int()
      .min(0)
      .max(MAX_OVERLAP_SECONDS)
      .default(86_400)
      .describe('For how long the old secret signs as well.'),
  }),
  reply: { status: 200, body: WithSecret },
  ...{ failures: notFound, idempotent: true, limit: changes },
})

export const testWebhook = own({
  ...{ name: 'webhooks.test', summary: 'Have a test message sent to one of your webhooks.', method: 'POST' },
  ...{ ...ofOne, path: '/v1/webhooks/{id}/test' },
  reply: { status: 202, body: Delivery },
  ...{ failures: { ...notFound, not_active: 409 }, limit: changes },
})

export const listWebhookDeliveries = own({
  ...{ name: 'webhooks.deliveries', summary: 'List what one of your webhooks got, the newest first.', method: 'GET' },
  ...{ ...ofOne, path: '/v1/webhooks/{id}/deliveries' },
  query: z.object({
    limit: z.int().min(1).max(100).default(50),
    before: z.uuid().optional(),
    state: z.enum(STATES).optional(),
  }),
  reply: {
    status: 200,
    body: z.object({
      deliveries: z.array(Delivery),
      next: z.uuid().optional().describe('`before` of the next page.'),
    }),
  },
  ...{ failures: notFound, limit: reads },
})

export const getWebhookDelivery = own({
  ...{ name: 'webhooks.delivery', summary: 'Get a delivery, with what was sent.', method: 'GET', access: {} },
  ...{ path: '/v1/webhooks/{id}/deliveries/{delivery}', params: idAndDelivery },
  reply: { status: 200, body: Delivery.extend({ message: z.unknown() }) },
  ...{ failures: notFound, limit: reads },
})

export const redeliverWebhook = own({
  ...{ name: 'webhooks.redeliver', summary: 'Send a delivery again, with the same id.', method: 'POST', access: {} },
  ...{ path: '/v1/webhooks/{id}/deliveries/{delivery}/redeliver', params: idAndDelivery },
  reply: { status: 202, body: Delivery },
  ...{ failures: { ...notFound, in_progress: 409 }, limit: changes },
})

export const WEBHOOK_ENDPOINTS = [
  ...[listWebhooks, createWebhook, getWebhook, updateWebhook, deleteWebhook, pauseWebhook, resumeWebhook],
  ...[rotateWebhookSecret, testWebhook, listWebhookDeliveries, getWebhookDelivery, redeliverWebhook],
] as const
