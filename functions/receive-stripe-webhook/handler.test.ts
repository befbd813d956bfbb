import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import type Stripe from 'stripe'
import type * as z from 'zod'
import type { SessionEvent } from './contract.ts'
import receiveStripeWebhook from './handler.ts'

const fn = testFunction(receiveStripeWebhook)

// What Stripe publishes of the event fits what is read of it.
const _fits = (event: Stripe.CheckoutSessionCompletedEvent): z.input<typeof SessionEvent> => event

async function placeOrder() {
  const id = randomUUID()
  await fn.query(
    `insert into orders (id, owner, sku, quantity, email, currency, unit_price_amount)
     values ($1, 'ada', 'LAMP-BRASS-01', 2, 'ada@example.com', 'EUR', 8900)`,
    [id],
  )
  return id
}

const completed = (orderId: string | null, more: object = {}) => ({
  event: 'checkout.session.completed',
  payload: {
    ...{ id: `evt_${randomUUID()}`, object: 'event', type: 'checkout.session.completed', livemode: false },
    data: {
      object: {
        ...{ id: `cs_test_${orderId}`, client_reference_id: orderId, payment_status: 'paid' },
        ...{ amount_total: 17800, currency: 'eur', mode: 'payment' },
        ...more,
      },
    },
  },
})
const paymentsOf = (id: string) => fn.query('select amount from payments where order_id = $1', [id])
const eventsOf = (id: string) => fn.query('select type, payload from ebb.outbox where subject = $1', [id])

describe('receive-stripe-webhook', () => {
  it('204 records the payment and emits once, however often the webhook is delivered', async () => {
    const id = await placeOrder()
    const webhook = { ...completed(id), id: 'evt_1' }
    expect((await fn.receive(webhook)).status).toBe(204)
    expect((await fn.receive(webhook)).status).toBe(204)
    expect((await fn.receive({ ...webhook, id: 'evt_2' })).status).toBe(204)
    expect(await paymentsOf(id)).toEqual([{ amount: '17800' }])
    expect(await eventsOf(id)).toEqual([
      {
        type: 'order.paid',
        payload: {
          ...{ id: `cs_test_${id}`, orderId: id, amount: { amount: 17800, currency: 'EUR' } },
          paidAt: expect.any(String),
        },
      },
    ])
  })

  it('204 does nothing for a session that is not paid yet', async () => {
    const id = await placeOrder()
    expect((await fn.receive(completed(id, { payment_status: 'unpaid' }))).status).toBe(204)
    expect([await paymentsOf(id), await eventsOf(id)]).toEqual([[], []])
  })

  it.each([
    ['order_unknown', randomUUID(), {}],
    ['order_unknown', null, {}],
    ['order_unknown', "x' or 1=1", {}],
    ['amount_differs', undefined, { amount_total: 100 }],
    ['amount_differs', undefined, { currency: 'usd' }],
  ])('409 %s', async (code, reference, more) => {
    const id = await placeOrder()
    const { status, body } = await fn.receive(completed(reference === undefined ? id : reference, more))
    expect([status, body.error]).toEqual([409, code])
    expect(await paymentsOf(id)).toEqual([])
  })

  it('400 for a payload that is none, and for an event that it does not take', async () => {
    expect((await fn.receive({ ...completed(null), payload: { data: 7 } })).status).toBe(400)
    expect((await fn.receive({ ...completed(null), event: 'charge.refunded' })).status).toBe(400)
  })

  it('403 for a webhook that the relay did not bring', async () => {
    const { event, payload } = completed(null)
    const data = { id: 'evt_1', event, receivedAt: new Date().toISOString(), payload }
    const type = 'ebb.receive_stripe_webhook.received'
    expect((await fn.deliver({ type, data }, { from: { sub: 'relay' } })).status).toBe(403)
  })
})
