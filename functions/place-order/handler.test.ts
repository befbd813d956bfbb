import { beforeAll, describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import priceOrder from '../price-order/handler.ts'
import placeOrder from './handler.ts'

const fn = testFunction(placeOrder, { env: { EBB_POOL_MAX: '4' }, services: { priceOrder } })
const customer = { sub: 'ada', scopes: ['orders:write'] }
/** The example of the contract: it has to work with the demo's products. */
const lamp = placeOrder.contract.examples.lamp.body

const stockOf = async (sku: string) =>
  (await fn.query<{ stock: number }>('select stock from products where sku = $1', [sku]))[0]?.stock
const ordersOf = async (sku: string) => (await fn.query('select id from orders where sku = $1', [sku])).length

beforeAll(async () => {
  await fn.query(
    `insert into products (sku, name, category, price_amount, currency, stock)
     values ('RUSH-50', 'Rush', 'tests', 100, 'EUR', 50), ('FEW-3', 'Few', 'tests', 100, 'EUR', 3)`,
  )
})

describe('place-order', () => {
  it('201 places the order at the current price, reserves its stock, and emits order.placed', async () => {
    const caller = await fn.as(customer)
    const response = await caller.post('/v1/orders').set('Idempotency-Key', 'one').send(lamp).expect(201)
    expect(response.body).toEqual({
      ...lamp,
      id: expect.any(String),
      unitPrice: { amount: 8900, currency: 'EUR' },
      total: { amount: 17800, currency: 'EUR' },
      state: 'placed',
      createdAt: expect.any(String),
    })
    expect(response.headers.location).toBe(`/v1/orders/${response.body.id}`)
    expect(await stockOf(lamp.sku)).toBe(498)
    const events = await fn.query('select type, payload from ebb.outbox where subject = $1', [response.body.id])
    expect(events).toEqual([{ type: 'order.placed', payload: response.body }])
  })

  it('201 again, byte for byte, for the same key and request, and the stock is reserved once', async () => {
    const caller = await fn.as(customer)
    const before = await stockOf('TEA-BREW-01')
    const tea = { ...lamp, sku: 'TEA-BREW-01' }
    const first = await caller.post('/v1/orders').set('Idempotency-Key', 'two').send(tea).expect(201)
    const second = await caller.post('/v1/orders').set('Idempotency-Key', 'two').send(tea).expect(201)
    expect(second.text).toBe(first.text)
    expect(await stockOf('TEA-BREW-01')).toBe(Number(before) - 2)
  })

  it('400 names every issue', async () => {
    const caller = await fn.as(customer)
    const request = caller.post('/v1/orders').set('Idempotency-Key', 'three')
    const response = await request.send({ sku: 'a lamp', quantity: 0, unitPrice: 1 }).expect(400)
    const paths = response.body.details.map(({ path }: { path: string }) => path)
    expect(paths.sort()).toEqual(['body.email', 'body.quantity', 'body.sku', 'body.unitPrice'])
  })

  it('400 without an Idempotency-Key', async () => {
    const caller = await fn.as(customer)
    await caller.post('/v1/orders').send(lamp).expect(400)
  })

  it('401 without Ebb-Identity', async () => {
    const caller = await fn.unsigned()
    await caller.post('/v1/orders').set('Idempotency-Key', 'four').send(lamp).expect(401)
  })

  it('403 without orders:write', async () => {
    const caller = await fn.as({ sub: 'ada', scopes: ['orders:read'] })
    await caller.post('/v1/orders').set('Idempotency-Key', 'five').send(lamp).expect(403)
  })

  it('404 product_not_found', async () => {
    const caller = await fn.as(customer)
    const nothing = { ...lamp, sku: 'NOWHERE-1' }
    const response = await caller.post('/v1/orders').set('Idempotency-Key', 'six').send(nothing).expect(404)
    expect(response.body.error).toBe('product_not_found')
  })

  it('409 out_of_stock for more than the stock, which stays as it was', async () => {
    const caller = await fn.as(customer)
    const four = { ...lamp, sku: 'FEW-3', quantity: 4 }
    const response = await caller.post('/v1/orders').set('Idempotency-Key', 'seven').send(four).expect(409)
    expect(response.body).toMatchObject({ error: 'out_of_stock', data: { left: 3 } })
    expect([await stockOf('FEW-3'), await ordersOf('FEW-3')]).toEqual([3, 0])
  })

  it('201 exactly fifty times for 200 concurrent orders of one of fifty pieces', async () => {
    const caller = await fn.as(customer)
    const rush = { ...lamp, sku: 'RUSH-50', quantity: 1 }
    const buy = (i: number) => caller.post('/v1/orders').set('Idempotency-Key', `rush-${i}`).send(rush)
    // Retries while all connections are in use, or where the price took too long for that, as a client would.
    const buyInTheEnd = async (_: unknown, i: number) => {
      for (let response = await buy(i); ; response = await buy(i))
        if (![503, 504].includes(response.status)) return response
    }
    const responses = await Promise.all(Array.from({ length: 200 }, buyInTheEnd))
    const outcomes = responses.map(({ status, body }) => `${status} ${body.error ?? body.state}`)
    const count = (outcome: string) => outcomes.filter((one) => one === outcome).length
    expect([count('201 placed'), count('409 out_of_stock')]).toEqual([50, 150])
    expect([await stockOf('RUSH-50'), await ordersOf('RUSH-50')]).toEqual([0, 50])
    const events = await fn.query(`select id from ebb.outbox where payload ->> 'sku' = 'RUSH-50'`)
    expect(events).toHaveLength(50)
  })
})

describe('the stock', () => {
  it('is never negative, whichever statement writes it', async () => {
    const sell = fn.query(`update products set stock = stock - 4 where sku = 'FEW-3'`)
    await expect(sell).rejects.toThrow('products_stock_check')
  })
})
