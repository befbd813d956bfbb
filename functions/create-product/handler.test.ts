import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import createProduct from './handler.ts'

const fn = testFunction(createProduct)
const merchant = { sub: 'merchant', scopes: ['products:write'] }
const globe = {
  sku: 'GLOBE-01',
  name: 'Desk Globe',
  category: 'desk',
  price: { amount: 15900, currency: 'EUR' },
  stock: 12,
}

describe('create-product', () => {
  it('201 creates a product, with its Location', async () => {
    const caller = await fn.as(merchant)
    const response = await caller.post('/v1/products').set('Idempotency-Key', 'one').send(globe).expect(201)
    expect(response.body).toEqual({ ...globe, createdAt: expect.any(String) })
    expect(response.headers.location).toBe('/v1/products/GLOBE-01')
  })

  it('201 again, byte for byte, for the same key and request', async () => {
    const caller = await fn.as(merchant)
    const twice = { ...globe, sku: 'GLOBE-02' }
    const first = await caller.post('/v1/products').set('Idempotency-Key', 'two').send(twice).expect(201)
    const second = await caller.post('/v1/products').set('Idempotency-Key', 'two').send(twice).expect(201)
    expect(second.text).toBe(first.text)
  })

  it('400 names every issue', async () => {
    const caller = await fn.as(merchant)
    const request = caller.post('/v1/products').set('Idempotency-Key', 'three')
    const price = { amount: 1.5, currency: 'QQQ', tax: 0 }
    const wrong = { ...globe, sku: 'globe', name: 'Desk\nGlobe', price, stock: -1 }
    const response = await request.send(wrong).expect(400)
    const paths = response.body.details.map(({ path }: { path: string }) => path)
    expect(paths.sort()).toEqual([
      'body.name',
      'body.price.amount',
      'body.price.currency',
      'body.price.tax',
      'body.sku',
      'body.stock',
    ])
  })

  it('400 without an Idempotency-Key', async () => {
    const caller = await fn.as(merchant)
    await caller.post('/v1/products').send(globe).expect(400)
  })

  it('401 without Ebb-Identity', async () => {
    const caller = await fn.unsigned()
    await caller.post('/v1/products').set('Idempotency-Key', 'four').send(globe).expect(401)
  })

  it('403 without products:write', async () => {
    const caller = await fn.as({ sub: 'customer', scopes: ['orders:write'] })
    await caller.post('/v1/products').set('Idempotency-Key', 'five').send(globe).expect(403)
  })

  it('409 sku_taken, and the product stays as it was', async () => {
    const caller = await fn.as(merchant)
    const other = { ...globe, sku: 'LAMP-BRASS-01', name: 'Another Lamp' }
    const response = await caller.post('/v1/products').set('Idempotency-Key', 'six').send(other).expect(409)
    expect(response.body.error).toBe('sku_taken')
    expect(await fn.query(`select name from products where sku = 'LAMP-BRASS-01'`)).toEqual([
      { name: 'Brass Desk Lamp' },
    ])
  })
})
