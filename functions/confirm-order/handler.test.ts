import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import confirmOrder from './handler.ts'

const fn = testFunction(confirmOrder)

const orderPlaced = () => ({
  id: randomUUID(),
  type: 'order.placed',
  data: {
    id: randomUUID(),
    sku: 'LAMP-BRASS-01',
    quantity: 2,
    email: 'ada@example.com',
    unitPrice: { amount: 8900, currency: 'EUR' },
    total: { amount: 17800, currency: 'EUR' },
    state: 'placed',
    createdAt: new Date().toISOString(),
  },
})

/** The event of an existing order. */
async function placed() {
  const event = orderPlaced()
  await fn.query(
    `insert into orders (id, owner, sku, quantity, email, currency, unit_price_amount)
     values ($1, 'ada', 'LAMP-BRASS-01', 2, 'ada@example.com', 'EUR', 8900)`,
    [event.data.id],
  )
  return event
}

const mails = async (id: string) => (await readdir(fn.mailFolder())).filter((file) => file.startsWith(id))
const stateOf = async (id: string) => (await fn.query('select state from orders where id = $1', [id]))[0]?.state
const eventsOf = (id: string) => fn.query('select type, payload from ebb.outbox where subject = $1', [id])

describe('confirm-order', () => {
  it('204 confirms the order, mails one receipt and emits once, however often the event is delivered', async () => {
    const event = await placed()
    expect((await fn.deliver(event)).status).toBe(204)
    expect((await fn.deliver(event)).status).toBe(204)
    expect(await stateOf(event.data.id)).toBe('confirmed')
    expect(await eventsOf(event.data.id)).toEqual([
      {
        type: 'order.confirmed',
        payload: { ...event.data, owner: 'ada', state: 'confirmed', createdAt: expect.any(String) },
      },
    ])
    const files = await mails(event.id)
    expect(files).toHaveLength(1)
    const text = (await readFile(join(fn.mailFolder(), files[0] ?? ''), 'utf8')).replaceAll(/=\r?\n/g, '')
    expect(text).toContain('To: ada@example.com')
    expect(text).toContain('Subject: Your receipt: Brass Desk Lamp')
    // €178.00 in quoted-printable.
    expect(text).toContain('Total: =E2=82=AC178.00')
    expect(text).toContain(`Order ${event.data.id}`)
    expect(text).toContain('Content-Type: text/html')
    expect(text).toContain('<h1>Thank you, your order is confirmed.</h1>')
  })

  it('400 for invalid data, and no mail', async () => {
    const event = await placed()
    expect((await fn.deliver({ ...event, data: { id: event.data.id } })).status).toBe(400)
    expect([await stateOf(event.data.id), await mails(event.id)]).toEqual(['placed', []])
  })

  it('401 without Ebb-Identity', async () => {
    const caller = await fn.unsigned()
    await caller.post('/').send({}).expect(401)
  })

  it('403 for an event that the relay did not send', async () => {
    const event = await placed()
    expect((await fn.deliver(event, { from: { sub: 'relay' } })).status).toBe(403)
    expect([await stateOf(event.data.id), await mails(event.id)]).toEqual(['placed', []])
  })

  it('204 for an order that was cancelled meanwhile: it stays so, and there is no receipt', async () => {
    const event = await placed()
    await fn.query(`update orders set state = 'cancelled' where id = $1`, [event.data.id])
    expect((await fn.deliver(event)).status).toBe(204)
    expect([await stateOf(event.data.id), await mails(event.id), await eventsOf(event.data.id)]).toEqual([
      'cancelled',
      [],
      [],
    ])
  })

  it('409 order_not_placed for an unknown order, and no mail', async () => {
    const event = orderPlaced()
    const response = await fn.deliver(event)
    expect([response.status, response.body.error]).toEqual([409, 'order_not_placed'])
    expect(await mails(event.id)).toEqual([])
  })

  it('409 order_not_placed for another event about a confirmed order, and no second receipt', async () => {
    const event = await placed()
    expect((await fn.deliver(event)).status).toBe(204)
    const again = { ...event, id: randomUUID() }
    expect((await fn.deliver(again)).status).toBe(409)
    expect(await mails(again.id)).toEqual([])
    expect(await eventsOf(event.data.id)).toHaveLength(1)
  })
})
