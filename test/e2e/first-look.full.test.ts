import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readMails, startEbb, type TestEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'

let ebb: TestEbb
beforeAll(async () => {
  ebb = await startEbb()
})
afterAll(() => ebb.stop())

const statusOf = async (name: string) => (await ebb.functions()).find((one) => one.name === name)
const eventsOf = (event: string, name: string) =>
  ebb.events.filter((one) => one.event === event && one.function === name)

describe('a first look at Ebb', () => {
  it('starts no function', async () => {
    const statuses = await ebb.functions()
    expect(statuses.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['create-user', 'get-user', 'send-welcome-email']),
    )
    for (const { name: _name, ...counts } of statuses)
      expect(counts).toEqual({ instances: 0, coldStarts: 0, requests: 0 })
  })

  it('201 follows one trace from the click to the one e-mail, and goes back to zero', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const response = await ebb.call('POST', '/v1/users', {
      headers: {
        'idempotency-key': 'first',
        traceparent: `00-${traceId}-b7ad6b7169203331-01`,
        'x-correlation-id': 'click-00000001',
      },
      body: { email: 'ada@example.com', name: 'Ada Lovelace' },
    })
    const user = (await response.json()) as { id: string }
    expect(response.status).toBe(201)
    expect(response.headers.get('location')).toBe(`/v1/users/${user.id}`)
    expect(response.headers.get('x-correlation-id')).toBe('click-00000001')

    await untilTrue(async () => (await readMails(ebb.folder)).size > 0)
    const mails = [...(await readMails(ebb.folder)).values()]
    expect(mails).toHaveLength(1)
    expect(mails[0]).toContain('To: ada@example.com')
    expect(mails[0]).toContain(traceId)
    expect(mails[0]).toContain('click-00000001')
    await untilTrue(() => eventsOf('delivery', 'send-welcome-email').length > 0)
    expect(eventsOf('request', 'create-user')).toMatchObject([{ status: 201, traceId, cold: true }])
    expect(eventsOf('delivery', 'send-welcome-email')).toMatchObject([{ traceId, correlationId: 'click-00000001' }])

    await untilTrue(async () => (await ebb.functions()).every(({ instances }) => instances === 0))
    for (const name of ['create-user', 'send-welcome-email']) {
      expect(eventsOf('spawn', name)).toHaveLength(1)
      expect(eventsOf('idle-stop', name)).toHaveLength(1)
      expect(await statusOf(name)).toMatchObject({ instances: 0, coldStarts: 1 })
    }
    expect((await readMails(ebb.folder)).size).toBe(1)
  })

  it('200 for the owner and with the scope, 403 for others, through the gateway', async () => {
    const created = await ebb.createUser('grace@example.com')
    const path = created.headers.get('location') ?? ''
    expect((await ebb.call('GET', path)).status).toBe(200)
    expect((await ebb.call('GET', path, { key: ebb.ready.keys.merchant ?? '' })).status).toBe(200)
    const made = await fetch(new URL('/v1/keys', ebb.ready.admin), {
      method: 'POST',
      headers: { authorization: `Bearer ${ebb.ready.adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ subject: 'eve', scopes: [] }),
    })
    const { token, key } = (await made.json()) as { token: string; key: { id: string } }
    expect((await ebb.call('GET', path, { key: token })).status).toBe(403)
    await fetch(new URL(`/v1/keys/${key.id}`, ebb.ready.admin), {
      method: 'DELETE',
      headers: { authorization: `Bearer ${ebb.ready.adminKey}` },
    })
    await untilTrue(async () => (await ebb.call('GET', path, { key: token })).status === 401)
  })

  it('replays a finished key byte for byte, and wakes nothing', async () => {
    const first = await ebb.createUser('twice@example.com')
    const bytes = await first.text()
    await untilTrue(async () => (await statusOf('create-user'))?.instances === 0)
    const before = await statusOf('create-user')
    const second = await ebb.createUser('twice@example.com')
    expect(await second.text()).toBe(bytes)
    expect(second.status).toBe(201)
    expect(second.headers.get('location')).toBe(first.headers.get('location'))
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    const other = await ebb.createUser('else@example.com', 'twice@example.com')
    expect(other.status).toBe(422)
    expect(await statusOf('create-user')).toEqual(before)
  })

  it('has one effect of 50 simultaneous requests with one key', async () => {
    const responses = await Promise.all(Array.from({ length: 50 }, () => ebb.createUser('crowd@example.com')))
    const texts = await Promise.all(responses.map((response) => response.text()))
    const created = texts.filter((_, i) => responses[i]?.status === 201)
    const busy = responses.filter(({ status }) => status === 409)
    expect(created.length + busy.length).toBe(50)
    expect(new Set(created).size).toBe(1)
    for (const { headers } of busy) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('shows what was emitted, and what became of it, to the command line’s address only with its key', async () => {
    const events = new URL('/v1/events?limit=1', ebb.ready.admin)
    expect((await fetch(events)).status).toBe(401)
    const newest = async () => {
      const response = await fetch(events, { headers: { authorization: `Bearer ${ebb.ready.adminKey}` } })
      const listed = (await response.json()) as {
        readonly events: readonly { readonly deliveries: readonly object[] }[]
      }
      return listed.events[0]
    }
    // An event has deliveries once the relay has found its subscribers.
    await untilTrue(async () => (await newest())?.deliveries.length === 1)
    expect(await newest()).toMatchObject({ type: 'user.created', deliveries: [{ consumer: 'send-welcome-email' }] })
  })
})
