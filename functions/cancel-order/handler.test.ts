import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import cancelOrder from './handler.ts'

const fn = testFunction(cancelOrder)

async function place(state = 'placed') {
  const id = randomUUID()
  await fn.query(
    `insert into orders (id, owner, sku, quantity, email, currency, unit_price_amount, state)
     values ($1, 'ada', 'LAMP-BRASS-01', 3, 'ada@example.com', 'EUR', 8900, $2)`,
    [id, state],
  )
  return id
}
const cancel = async (id: string, { sub = 'ada', scopes = [] as string[], key = randomUUID() as string } = {}) =>
  (await fn.as({ sub, scopes })).post(`/v1/orders/${id}/cancellation`).set('Idempotency-Key', key)
const stockOf = async () =>
  (await fn.query<{ stock: number }>(`select stock from products where sku = 'LAMP-BRASS-01'`))[0]?.stock ?? 0
const stateOf = async (id: string) => (await fn.query('select state from orders where id = $1', [id]))[0]?.state
const eventsOf = (id: string) => fn.query('select type, payload from ebb.outbox where subject = $1', [id])

describe('cancel-order', () => {
  it.each(['placed', 'confirmed'])(
    '200 for its owner: a %s order is cancelled, its stock is back, one event is sent',
    async (state) => {
      const [id, before, key] = [await place(state), await stockOf(), randomUUID()]
      const response = await cancel(id, { key })
      expect(response.status).toBe(200)
      expect(response.body).toMatchObject({ id, state: 'cancelled', total: { amount: 26700, currency: 'EUR' } })
      // The same request, and another one: neither puts anything back again.
      expect((await cancel(id, { key })).body).toEqual(response.body)
      expect((await cancel(id)).body.state).toBe('cancelled')
      expect([await stateOf(id), await stockOf()]).toEqual(['cancelled', before + 3])
      expect(await eventsOf(id)).toEqual([{ type: 'order.cancelled', payload: response.body }])
    },
  )

  it('200 for several at once: the stock comes back once', async () => {
    const [id, before] = [await place(), await stockOf()]
    const responses = await Promise.all([1, 2, 3, 4].map(async () => cancel(id)))
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect([await stockOf(), (await eventsOf(id)).length]).toEqual([before + 3, 1])
  })

  it('200 for a merchant', async () => {
    const id = await place()
    expect((await cancel(id, { sub: 'mia', scopes: ['orders:cancel'] })).status).toBe(200)
  })

  it('400 for an invalid id, and without a key', async () => {
    expect((await cancel('7')).status).toBe(400)
    await (await fn.as({ sub: 'ada' })).post(`/v1/orders/${randomUUID()}/cancellation`).expect(400)
  })

  it('401 without Ebb-Identity', async () => {
    await (await fn.unsigned()).post(`/v1/orders/${randomUUID()}/cancellation`).expect(401)
  })

  it('403 for another caller, even with orders:write, and nothing has changed', async () => {
    const [id, before] = [await place(), await stockOf()]
    expect((await cancel(id, { sub: 'eve', scopes: ['orders:write'] })).status).toBe(403)
    expect([await stateOf(id), await stockOf(), await eventsOf(id)]).toEqual(['placed', before, []])
  })

  it('404 order_not_found', async () => {
    const { status, body } = await cancel(randomUUID())
    expect([status, body.error]).toEqual([404, 'order_not_found'])
  })
})
