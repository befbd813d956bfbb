import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import getOrder from './handler.ts'

const fn = testFunction(getOrder)
const id = randomUUID()

beforeAll(async () => {
  await fn.query(
    `insert into orders (id, owner, sku, quantity, email, currency, unit_price_amount)
     values ($1, 'ada', 'LAMP-BRASS-01', 3, 'ada@example.com', 'EUR', 8000)`,
    [id],
  )
})

describe('get-order', () => {
  it('200 for its owner, with the price at which the order was placed', async () => {
    const caller = await fn.as({ sub: 'ada' })
    const response = await caller.get(`/v1/orders/${id}`).expect(200)
    expect(response.body).toEqual({
      id,
      sku: 'LAMP-BRASS-01',
      quantity: 3,
      email: 'ada@example.com',
      unitPrice: { amount: 8000, currency: 'EUR' },
      total: { amount: 24000, currency: 'EUR' },
      state: 'placed',
      createdAt: expect.any(String),
    })
  })

  it('200 for another caller with orders:read', async () => {
    const caller = await fn.as({ sub: 'clerk', scopes: ['orders:read'] })
    await caller.get(`/v1/orders/${id}`).expect(200)
  })

  it('400 for an invalid id', async () => {
    const caller = await fn.as({ sub: 'ada' })
    const response = await caller.get('/v1/orders/7').expect(400)
    expect(response.body.details).toEqual([{ path: 'params.id', message: expect.any(String) }])
  })

  it('401 without Ebb-Identity', async () => {
    const caller = await fn.unsigned()
    await caller.get(`/v1/orders/${id}`).expect(401)
  })

  it('403 for another caller, even with orders:write', async () => {
    const caller = await fn.as({ sub: 'eve', scopes: ['orders:write'] })
    await caller.get(`/v1/orders/${id}`).expect(403)
  })

  it('404 order_not_found', async () => {
    const caller = await fn.as({ sub: 'ada' })
    const response = await caller.get(`/v1/orders/${randomUUID()}`).expect(404)
    expect(response.body.error).toBe('order_not_found')
  })
})
