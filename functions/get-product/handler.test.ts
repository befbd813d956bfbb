import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import getProduct from './handler.ts'

const fn = testFunction(getProduct)

describe('get-product', () => {
  it('200 for an anonymous caller', async () => {
    const caller = await fn.as({ sub: 'anonymous' })
    const response = await caller.get('/v1/products/CLOCK-TIDE-01').expect(200)
    expect(response.body).toEqual({
      sku: 'CLOCK-TIDE-01',
      name: 'Tide Clock, Ebb and Flood',
      category: 'desk',
      price: { amount: 12900, currency: 'EUR' },
      stock: 18,
      createdAt: '2026-06-03T08:00:00.000000Z',
    })
  })

  it('400 for an invalid sku', async () => {
    const caller = await fn.as({ sub: 'anonymous' })
    const response = await caller.get('/v1/products/a%20clock').expect(400)
    expect(response.body.details).toEqual([{ path: 'params.sku', message: expect.any(String) }])
  })

  it('404 product_not_found', async () => {
    const caller = await fn.as({ sub: 'anonymous' })
    const response = await caller.get('/v1/products/NOWHERE-1').expect(404)
    expect(response.body.error).toBe('product_not_found')
  })
})
