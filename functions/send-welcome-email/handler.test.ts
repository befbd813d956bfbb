import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import sendWelcomeEmail from './handler.ts'

const fn = testFunction(sendWelcomeEmail)

const userCreated = () => ({
  id: randomUUID(),
  type: 'user.created',
  data: { id: randomUUID(), email: 'ada@example.com', name: 'Ada', createdAt: new Date().toISOString() },
})
const mails = async (id: string) => (await readdir(fn.mailFolder())).filter((file) => file.startsWith(id))

describe('send-welcome-email', () => {
  it('204 writes one mail, however often the event comes', async () => {
    const event = userCreated()
    expect((await fn.deliver(event)).status).toBe(204)
    expect((await fn.deliver(event)).status).toBe(204)
    const files = await mails(event.id)
    expect(files).toHaveLength(1)
    const text = await readFile(join(fn.mailFolder(), files[0] ?? ''), 'utf8')
    expect(text).toContain('To: ada@example.com')
    expect(text).toContain('Subject: Welcome, Ada')
    expect(text).toMatch(/^traceparent: 00-/im)
  })

  it('400 for invalid data, and no mail', async () => {
    const event = { ...userCreated(), data: { email: 'ada@example.com' } }
    expect((await fn.deliver(event)).status).toBe(400)
    expect(await mails(event.id)).toEqual([])
  })

  it('400 for an event of another type', async () => {
    expect((await fn.deliver({ ...userCreated(), type: 'user.deleted' })).status).toBe(400)
  })

  it('401 without Ebb-Identity', async () => {
    const caller = await fn.unsigned()
    await caller.post('/').send({}).expect(401)
  })

  it('403 for an event that the relay did not send', async () => {
    const event = userCreated()
    expect((await fn.deliver(event, { from: { sub: 'relay' } })).status).toBe(403)
    expect(await mails(event.id)).toEqual([])
  })
})
