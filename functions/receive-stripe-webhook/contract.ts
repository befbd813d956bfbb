import { receive } from 'ebb/contract'
import * as z from 'zod'
import { orderPaid } from '../../domain/payment.ts'

/** What is read of a Checkout Session: its reference is the order's id, as it was set when the session was made. */
export const SessionEvent = z.object({
  data: z.object({
    object: z.object({
      id: z.string(),
      client_reference_id: z.string().nullable(),
      payment_status: z.string(),
      amount_total: z.int().min(0).nullable(),
      currency: z.string().nullable(),
    }),
  }),
})

export default receive({
  name: 'receive-stripe-webhook',
  summary: 'Take what Stripe says of payments.',
  path: '/v1/receive/stripe',
  provider: 'stripe',
  signedBy: ['STRIPE_WEBHOOK_SECRET'],
  events: {
    'checkout.session.completed': SessionEvent,
    'checkout.session.async_payment_succeeded': SessionEvent,
  },
  emits: { 'order.paid': orderPaid },
  failures: { order_unknown: 409, amount_differs: 409 },
  timeoutMs: 5_000,
  scale: { max: 2 },
})
