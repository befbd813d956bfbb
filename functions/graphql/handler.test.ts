import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import cancelOrder from '../cancel-order/handler.ts'
import graphql from './handler.ts'

const fn = testFunction(graphql, { services: { cancelOrder } })
const ids = [randomUUID(), randomUUID()]

beforeAll(async () => {
  for (const id of ids)
    await fn.query(
      `insert into orders (id, owner, sku, quantity, email, currency, unit_price_amount)
       values ($1, 'ada', 'LAMP-BRASS-01', 3, 'ada@example.com', 'EUR', 8000)`,
      [id],
    )
})

type Asked = Readonly<Record<string, unknown>>

async function ask(
  query: string,
  { as = 'anonymous', scopes = [] as string[], variables = {} as Asked, key = 'none' } = {},
) {
  const caller = await fn.as({ sub: as, scopes })
  const { status, body } = await caller.post('/v1/graphql').set('Idempotency-Key', key).send({ query, variables })
  return { status, ...(body as { data?: unknown; errors?: readonly Record<string, unknown>[] }) }
}

const order = `query Order($id: ID!) { order(id: $id) { quantity total { amount } product { name price { amount } } } }`

describe('graphql', () => {
  it('200 an order with its product, to its owner', async () => {
    const { status, data, errors } = await ask(order, { as: 'ada', variables: { id: ids[0] } })
    expect([status, errors]).toEqual([200, undefined])
    expect(data).toEqual({
      order: { quantity: 3, total: { amount: 24000 }, product: { name: 'Brass Desk Lamp', price: { amount: 8900 } } },
    })
  })

  it('200 a page of products, as list-products has it', async () => {
    const { data } = await ask('{ products(limit: 2, sort: name) { items { sku stock } next } }')
    expect(data).toEqual({
      products: { items: [expect.any(Object), expect.any(Object)], next: expect.any(String) },
    })
  })

  it('null and an error with its code for what there is not, beside what there is', async () => {
    const { data, errors } = await ask(
      '{ lamp: product(sku: "LAMP-BRASS-01") { name } none: product(sku: "NOWHERE-1") { name } }',
    )
    expect(data).toEqual({ lamp: { name: 'Brass Desk Lamp' }, none: null })
    expect(errors).toEqual([
      {
        message: 'There is no product NOWHERE-1.',
        path: ['none'],
        locations: [{ line: 1, column: 48 }],
        extensions: { code: 'product_not_found', status: 404, correlationId: expect.any(String) },
      },
    ])
  })

  it.each([
    ['unauthenticated', {}],
    ['forbidden', { as: 'eve', scopes: ['orders:write'] }],
  ])('null and %s for an order of another, by the contract of get-order', async (code, caller) => {
    const { data, errors } = await ask(order, { ...caller, variables: { id: ids[0] } })
    expect([data, errors?.map(({ extensions }) => extensions)]).toEqual([
      { order: null },
      [expect.objectContaining({ code })],
    ])
  })

  it("cancels an order of one's own, once, and shows its product", async () => {
    const cancel = `mutation Cancel($id: ID!) { cancelOrder(id: $id) { state product { name } } }`
    const [id] = await fn.query<{ id: string }>(
      `insert into orders (id, owner, sku, quantity, email, currency, unit_price_amount)
       values (gen_random_uuid(), 'ada', 'TEA-BREW-01', 2, 'ada@example.com', 'EUR', 100) returning id`,
    )
    const other = await ask(cancel, { as: 'eve', variables: { id: id?.id }, key: 'eve' })
    expect([other.data, other.errors?.[0]?.extensions]).toMatchObject([{ cancelOrder: null }, { code: 'forbidden' }])
    for (const key of ['one', 'one', 'two']) {
      const { data } = await ask(cancel, { as: 'ada', variables: { id: id?.id }, key })
      expect(data).toEqual({ cancelOrder: { state: 'cancelled', product: { name: expect.any(String) } } })
    }
    expect(await fn.query('select type from ebb.outbox where subject = $1', [id?.id])).toEqual([
      { type: 'order.cancelled' },
    ])
  })

  it('invalid_request for an argument that the contract of its endpoint refuses, with its details', async () => {
    const { errors } = await ask('{ products(limit: 0) { next } }')
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'invalid_request',
      details: [{ path: 'query.limit', message: expect.any(String) }],
    })
  })

  it('200 with an error for what the gateway would have refused', async () => {
    expect((await ask('{ nothing }')).errors?.[0]?.message).toContain('Cannot query field "nothing"')
  })

  it('401 without Ebb-Identity', async () => {
    const caller = await fn.unsigned()
    await caller.post('/v1/graphql').send({ query: '{ __typename }' }).expect(401)
  })

  it('200 several orders with their products, each product looked up once', async () => {
    const query = `{ ${ids.map((id, i) => `o${i}: order(id: "${id}") { product { sku } }`).join(' ')} p: product(sku: "TEA-BREW-01") { sku } }`
    const { data, errors } = await ask(query, { as: 'ada' })
    expect([errors, Object.keys(data as object)]).toEqual([undefined, ['o0', 'o1', 'p']])
  })
})
