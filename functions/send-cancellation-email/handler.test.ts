import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import sendCancellationEmail from './handler.ts'

const fn = testFunction(sendCancellationEmail)

const orderCancelled = () => ({
  id: randomUUID(),
  type: 'order.cancelled',
  data: {
    ...{ id: randomUUID(), sku: 'LAMP-BRASS-01', quantity: 2, email: 'ada@example.com', state: 'cancelled' },
    ...{ unitPrice: { amount: 8900, currency: 'EUR' }, total: { amount: 17800, currency: 'EUR' } },
    createdAt: new Date().toISOString(),
  },
})
const mails = async (id: string) => (await readdir(fn.mailFolder())).filter((file) => file.startsWith(id))

describe('send-cancellation-email', () => {
  it('204 writes one mail of text and HTML, however often the event comes', async () => {
    const event = orderCancelled()
    expect((await fn.deliver(event)).status).toBe(204)
    expect((await fn.deliver(event)).status).toBe(204)
    const files = await mails(event.id)
    expect(files).toHaveLength(1)
    const text = (await readFile(join(fn.mailFolder(), files[0] ?? ''), 'utf8')).replaceAll(/=\r?\n/g, '')
    expect(text).toContain('To: ada@example.com')
    expect(text).toContain('Subject: Cancelled: your order of LAMP-BRASS-01')
    expect(text).toContain('multipart/alternative')
    expect(text).toContain('You get <strong>=E2=82=AC178.00</strong> back.')
  })

  it('400 for invalid data, and no mail', async () => {
    const event = { ...orderCancelled(), data: { email: 'ada@example.com' } }
    expect((await fn.deliver(event)).status).toBe(400)
    expect(await mails(event.id)).toEqual([])
  })

  it('401 without Ebb-Identity', async () => {
    await (await fn.unsigned()).post('/').send({}).expect(401)
  })

  it('403 for an event that the relay did not send', async () => {
    const event = orderCancelled()
    expect((await fn.deliver(event, { from: { sub: 'relay' } })).status).toBe(403)
    expect(await mails(event.id)).toEqual([])
  })
})
