import { equal, match, ok } from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import type { ListedEvents, ShownEvent } from '../../../src/data/queue/events.ts'
import { assertStatus } from '../assertions.ts'
import type { Case, Session } from '../session.ts'
import { newKey, newProduct, type Order, placeOrder } from '../shop.ts'

export const events: readonly Case[] = [
  {
    name: 'events: what a request emits reaches its subscriber: an order is confirmed',
    needs: ['key'],
    run: async ({ caller, until }) => {
      const me = await caller()
      const ordered = await placeOrder(me, await newProduct(me))
      assertStatus(ordered, 201)
      const path = `/v1/orders/${ordered.json<Order>().id}`
      const isConfirmed = async () => (await me.send({ path })).json<Order>().state === 'confirmed'
      await until(isConfirmed, 'the confirmation')
    },
  },
  {
    name: 'events: a request emits its event once, and each who subscribes to it gets it',
    needs: ['admin'],
    run: async (session) => {
      const me = await session.caller()
      const sent = {
        ...{ method: 'POST', path: '/v1/users', headers: { 'idempotency-key': newKey() } },
        json: { email: `conformance.${randomUUID()}@example.com`, name: 'Of the conformance suite' },
      }
      const created = await me.send(sent)
      assertStatus(created, 201)
      const event = await untilDelivered(session, 'user.created', created.json<{ id: string }>().id)
      equal(event.deliveries.map(({ consumer }) => consumer).join(), 'send-welcome-email')
    },
  },
  {
    name: 'trace: a traceparent and a correlation id go on from a request to its event and the delivery',
    needs: ['admin'],
    run: async (session) => {
      const me = await session.caller()
      const traceId = randomBytes(16).toString('hex')
      const correlationId = `conformance.${randomUUID()}`
      const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, 'x-correlation-id': correlationId }
      const ordered = await placeOrder(me, await newProduct(me), { headers })
      const event = await untilDelivered(session, 'order.placed', ordered.json<Order>().id)
      equal(event.correlationId, correlationId)
      const attempts = event.deliveries.flatMap(({ history }) => history)
      ok(attempts.length > 0, 'its delivery has no history')
      for (const { traceparent } of [event, ...attempts]) equal(traceparent.split('-')[1], traceId)
    },
  },
  {
    name: 'trace: a traceparent that is ill-formed is replaced, and no reason to refuse',
    needs: ['admin'],
    run: async (session) => {
      const me = await session.caller()
      const sku = await newProduct(me)
      const zeros = '0'.repeat(32)
      for (const traceparent of ['nonsense', `00-${zeros}-00f067aa0ba902b7-01`, `ff-${'a'.repeat(32)}-${zeros}-01`]) {
        const ordered = await placeOrder(me, sku, { headers: { traceparent } })
        assertStatus(ordered, 201)
        const event = await untilDelivered(session, 'order.placed', ordered.json<Order>().id)
        match(event.traceparent, /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/)
      }
    },
  },
]

/** Waits until the event about `subject` is with all its subscribers; throws where there is not exactly one. */
async function untilDelivered({ admin, until }: Session, type: string, subject: string): Promise<ShownEvent> {
  let ids: readonly string[] = []
  const look = async () => {
    const answer = await admin({ path: `/v1/events?type=${type}&limit=500` })
    assertStatus(answer, 200)
    const mine = answer.json<ListedEvents>().events.filter((event) => event.subject === subject)
    ids = mine.map(({ id }) => id)
    const deliveries = mine.flatMap((event) => event.deliveries)
    const dead = deliveries.find(({ state }) => state === 'dead')
    if (dead) throw new Error(`${type} is a dead letter of ${dead.consumer}`)
    return deliveries.length > 0 && deliveries.every(({ state }) => state === 'done')
  }
  await until(look, `the delivery of ${type}`)
  equal(ids.length, 1, `${ids.length} events of ${type} about one thing`)
  const shown = await admin({ path: `/v1/events/${ids[0]}` })
  assertStatus(shown, 200)
  return shown.json<ShownEvent>()
}
