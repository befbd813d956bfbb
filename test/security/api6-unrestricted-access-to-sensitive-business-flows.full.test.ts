import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { newOrder, testWall } from './test-wall.ts'

// OWASP API6:2023: what a flow costs a shop when it runs more often than it should.
const { callers, wall } = testWall()
const stockOf = async (sku: string) =>
  (await wall().pool.query<{ stock: number }>('select stock from products where sku = $1', [sku])).rows[0]?.stock ?? 0
const ordersOf = async (email: string) =>
  (await wall().pool.query('select from orders where email = $1', [email])).rowCount ?? 0

describe('an order', () => {
  it('is placed once, however often and however fast the request is repeated', async () => {
    const caller = await callers.caller()
    const order = { ...newOrder(), email: `${randomUUID()}@example.com` }
    const key = { 'idempotency-key': randomUUID() }
    const before = await stockOf(order.sku)
    const answers = await Promise.all(Array.from({ length: 20 }, () => caller.post('/v1/orders', order, key)))
    expect(answers.filter(({ status }) => ![201, 409].includes(status))).toEqual([])
    const ids = answers.filter(({ status }) => status === 201).map((answer) => answer.json<{ id: string }>().id)
    expect(new Set(ids).size).toBe(1)
    expect([await ordersOf(order.email), before - (await stockOf(order.sku))]).toEqual([1, 1])
  })

  it('is not placed without a key that says which one it is', async () => {
    const caller = await callers.caller()
    const answer = await caller.send({ method: 'POST', path: '/v1/orders', json: newOrder() })
    expect(answer.status).toBe(400)
  })

  it('takes no more than there is, whoever comes first', async () => {
    const buyers = await Promise.all(Array.from({ length: 4 }, () => callers.caller(['orders:write'])))
    const email = `${randomUUID()}@example.com`
    const order = { sku: 'MUG-LAUNCH-50', quantity: 10, email }
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => buyers[i % 4]!.post('/v1/orders', order)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(7)
    expect([await stockOf(order.sku), await ordersOf(email)]).toEqual([0, 5])
  })

  it('for another thing under the same key is a mistake, and is not placed', async () => {
    const caller = await callers.caller()
    const key = { 'idempotency-key': randomUUID() }
    expect((await caller.post('/v1/orders', newOrder(), key)).status).toBe(201)
    expect((await caller.post('/v1/orders', { ...newOrder(), quantity: 2 }, key)).status).toBe(422)
  })
})
