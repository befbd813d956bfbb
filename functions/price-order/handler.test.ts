import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import priceOrder from './handler.ts'

const fn = testFunction(priceOrder)
const customer = { sub: 'ada' }
const { body: lamp } = priceOrder.contract.examples.lamp

describe('price-order', () => {
  it('200 says what one costs, and what all do', async () => {
    const caller = await fn.as(customer)
    const response = await caller.post('/v1/prices').send(lamp).expect(200)
    expect(response.body).toEqual({
      unitPrice: { amount: 8900, currency: 'EUR' },
      total: { amount: 17800, currency: 'EUR' },
    })
  })

  it('400 names every issue', async () => {
    const caller = await fn.as(customer)
    const response = await caller.post('/v1/prices').send({ sku: 'a lamp', quantity: 0 }).expect(400)
    expect(response.body.details.map(({ path }: { path: string }) => path).sort()).toEqual([
      'body.quantity',
      'body.sku',
    ])
  })

  it('401 without Ebb-Identity', async () => {
    const caller = await fn.unsigned()
    await caller.post('/v1/prices').send(lamp).expect(401)
  })

  it('403 for a caller who is no function', async () => {
    const caller = await fn.as({ ...customer, via: '' })
    await caller.post('/v1/prices').send(lamp).expect(403)
  })

  it('404 product_not_found', async () => {
    const caller = await fn.as(customer)
    const response = await caller
      .post('/v1/prices')
      .send({ ...lamp, sku: 'NOWHERE-1' })
      .expect(404)
    expect(response.body.error).toBe('product_not_found')
  })
})
