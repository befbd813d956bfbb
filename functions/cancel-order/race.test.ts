import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import confirmOrder from '../confirm-order/handler.ts'
import cancelOrder from './handler.ts'

const cancelling = testFunction(cancelOrder)
const confirming = testFunction(confirmOrder, { database: cancelling.database })

const stockOf = async () =>
  (await cancelling.query<{ stock: number }>(`select stock from products where sku = 'LAMP-BRASS-01'`))[0]?.stock ?? 0

/** An order of three lamps that waits to be confirmed, with its event. */
async function place() {
  const id = randomUUID()
  const [row] = await cancelling.query(
    `insert into orders (id, owner, sku, quantity, email, currency, unit_price_amount)
     values ($1, 'ada', 'LAMP-BRASS-01', 3, 'ada@example.com', 'EUR', 8900)
     returning id, sku, quantity, email, state, created_at as "createdAt"`,
    [id],
  )
  const [unitPrice, total] = [8900, 26700].map((amount) => ({ amount, currency: 'EUR' }))
  return { id, event: { id: randomUUID(), type: 'order.placed', data: { ...row, unitPrice, total } } }
}

it('an order that is confirmed and cancelled at the same time ends cancelled, and its stock comes back once', async () => {
  const before = await stockOf()
  const orders = await Promise.all(Array.from({ length: 20 }, place))
  const outcomes = await Promise.all(
    orders.map(async ({ id, event }) => {
      const cancel = (await cancelling.as({ sub: 'ada' })).post(`/v1/orders/${id}/cancellation`)
      const answers = await Promise.all([
        confirming.deliver(event),
        cancel.set('Idempotency-Key', randomUUID()).then((answer) => answer),
      ])
      return answers.map(({ status }) => status)
    }),
  )
  expect(outcomes).toEqual(orders.map(() => [204, 200]))
  expect(await stockOf()).toBe(before + 3 * orders.length)
  const states = await cancelling.query('select distinct state from orders where owner = $1', ['ada'])
  expect(states).toEqual([{ state: 'cancelled' }])

  // Whoever came first: there is a receipt for what was confirmed, and for nothing else.
  const told = Map.groupBy(await cancelling.emitted(), ({ subject }) => subject)
  const mails = await readdir(confirming.mailFolder())
  for (const { id, event } of orders) {
    const types = told
      .get(id)
      ?.map(({ type }) => type)
      .sort()
    expect([['order.cancelled'], ['order.cancelled', 'order.confirmed']]).toContainEqual(types)
    expect(mails.filter((file) => file.startsWith(event.id))).toHaveLength(types?.length === 2 ? 1 : 0)
  }
})
