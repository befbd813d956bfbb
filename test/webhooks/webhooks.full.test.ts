import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { testDatabase } from '../../src/testing/index.ts'
import { untilTrue } from '../support/until.ts'
import { isGenuine, startReceiver } from '../support/webhook-receiver.ts'
import { customer, startPlatform, type TestPlatform } from './platform.ts'

let platform: TestPlatform
let receiver: Awaited<ReturnType<typeof startReceiver>>
let hidden: Awaited<ReturnType<typeof startReceiver>>
let ada: ReturnType<typeof customer>
let ben: ReturnType<typeof customer>
const answers = new Map<string, number | 'never'>()
afterAll(async () => {
  await platform.close()
  receiver.close()
  hidden.close()
})
const database = testDatabase()
beforeAll(async () => {
  receiver = await startReceiver(({ path }) => answers.get(path) ?? 204)
  // It listens where EBB_GUARDED_ALSO does not allow anything.
  hidden = await startReceiver()
  platform = await startPlatform(database.ownerUrl, { env: { EBB_GUARDED_ALSO: receiver.host } })
  ada = customer(platform, await platform.keyOf('ada'))
  ben = customer(platform, await platform.keyOf('ben'))
  await platform.startRelay()
})

const at = (path: string) => `http://${receiver.host}${path}`
const receivedAt = (path: string) => receiver.received.filter((one) => one.path === path)
const until = (path: string, count: number) =>
  untilTrue(() => receivedAt(path).length >= count, { what: `${count} requests to ${path}` })
async function make(who: typeof ada, path: string, more: object = {}) {
  const made = await who.post('', { url: at(path), events: ['order.placed'], ...more })
  expect(made.status).toBe(201)
  return made.body as { id: string; secret: string }
}
/** What waits is due now, and nothing rests: hours and days are over. */
const hurry = async (id: string) => {
  await platform.pool.query(`update ebb.webhook set rest_until = null where id = $1`, [id])
  await platform.pool.query(
    `update ebb.webhook_delivery set available_at = now() where webhook_id = $1 and state = 'waiting'`,
    [id],
  )
  await platform.pool.query(`notify ebb_outbox, 'webhooks'`)
}
const deliveriesOf = async (who: typeof ada, id: string) =>
  (await who.get(`/${id}/deliveries`)).body.deliveries as { id: string; state: string; attempts: object[] }[]

describe('an event', () => {
  it('goes to the webhooks of its owner alone, with a signature that the official verifier takes', async () => {
    const [mine, other] = [await make(ada, '/ada'), await make(ben, '/ben')]
    const id = await platform.emit('order.placed', { id: 7, by: 'ada' })
    const last = await platform.emit('order.placed', { id: 8, by: 'ben' })
    await until('/ada', 1)
    await until('/ben', 1)
    const [one] = receivedAt('/ada')
    expect(JSON.parse(one?.body ?? '')).toEqual({
      ...{ type: 'order.placed', timestamp: expect.any(String), data: { id: 7, by: 'ada' } },
    })
    expect(one?.headers['webhook-id']).toBe(id)
    expect(one && [isGenuine(one, mine.secret), isGenuine(one, other.secret)]).toEqual([true, false])
    expect(receivedAt('/ben').map(({ headers }) => headers['webhook-id'])).toEqual([last])
    await untilTrue(async () => (await deliveriesOf(ada, mine.id))[0]?.state === 'done')
    expect(await deliveriesOf(ada, mine.id)).toMatchObject([{ id, state: 'done', attempts: [{ status: 204 }] }])
    expect((await ada.get(`/${mine.id}/deliveries/${id}`)).body.message.data).toEqual({ id: 7, by: 'ada' })
  })

  it("of a tenant goes to that tenant's webhooks, and a type that was not asked for to none", async () => {
    const [acme, other] = await Promise.all(
      ['acme', 'other'].map(async (tenant) => customer(platform, await platform.keyOf('cyd', { tenant }))),
    )
    if (!acme || !other) throw new Error('there are two')
    await make(acme, '/acme', { events: ['price.changed', 'order.placed'] })
    await make(other, '/other', { events: ['price.changed', 'order.placed'] })
    await make(acme, '/acme-orders')
    await platform.emit('price.changed', { cents: 1 }, { tenant: 'acme' })
    await platform.emit('price.changed', { cents: 2 })
    // The same subject in another tenant is another caller.
    await platform.emit('order.placed', { by: 'cyd', n: 1 }, { tenant: 'other' })
    await platform.emit('order.placed', { by: 'cyd', n: 2 }, { tenant: 'acme' })
    await until('/acme', 2)
    await until('/other', 1)
    await until('/acme-orders', 1)
    const dataAt = (path: string) => receivedAt(path).map(({ body }) => JSON.parse(body).data)
    expect(dataAt('/acme')).toEqual(expect.arrayContaining([{ cents: 1 }, { by: 'cyd', n: 2 }]))
    expect([dataAt('/other'), dataAt('/acme-orders')]).toEqual([[{ by: 'cyd', n: 1 }], [{ by: 'cyd', n: 2 }]])
  })

  it('is tried again under the same id, with attempts that its customer sees, until it is taken', async () => {
    const { id, secret } = await make(ada, '/flaky')
    answers.set('/flaky', 500)
    const event = await platform.emit('order.placed', { by: 'ada' })
    await until('/flaky', 1)
    answers.set('/flaky', 302)
    await untilTrue(async () => (await deliveriesOf(ada, id))[0]?.state === 'waiting')
    expect((await ada.get(`/${id}`)).body.failingSince).toEqual(expect.any(String))
    await hurry(id)
    await until('/flaky', 2)
    answers.set('/flaky', 200)
    await untilTrue(async () => (await deliveriesOf(ada, id))[0]?.attempts.length === 2)
    await hurry(id)
    await untilTrue(async () => (await deliveriesOf(ada, id))[0]?.state === 'done')
    expect((await deliveriesOf(ada, id))[0]?.attempts).toMatchObject([
      { status: 500 },
      { status: 302 },
      { status: 200 },
    ])
    expect(receivedAt('/flaky').map(({ headers }) => headers['webhook-id'])).toEqual([event, event, event])
    expect(receivedAt('/flaky').every((one) => isGenuine(one, secret))).toBe(true)
    expect((await ada.get(`/${id}`)).body.failingSince).toBeNull()
  })
})

describe('a customer', () => {
  it('pauses, and gets what waited after resuming', async () => {
    const { id } = await make(ada, '/paused')
    expect((await ada.post(`/${id}/pause`)).body.state).toBe('paused')
    expect((await ada.post(`/${id}/test`)).body.error).toBe('not_active')
    const event = await platform.emit('order.placed', { by: 'ada' })
    await untilTrue(async () => (await deliveriesOf(ada, id)).length === 1)
    expect(receivedAt('/paused')).toEqual([])
    await ada.post(`/${id}/resume`)
    await until('/paused', 1)
    expect(receivedAt('/paused')[0]?.headers['webhook-id']).toBe(event)
  })

  it('rotates the secret: for the overlap both sign, and after it the new one alone', async () => {
    const { id, secret } = await make(ada, '/rotated')
    const rotated = await ada.post(`/${id}/rotate`, { overlapSeconds: 60 })
    expect(rotated.body.secret).not.toBe(secret)
    await ada.post(`/${id}/test`)
    await until('/rotated', 1)
    await ada.post(`/${id}/rotate`, { overlapSeconds: 0 })
    const { id: test } = (await ada.post(`/${id}/test`)).body
    await until('/rotated', 2)
    const [both, alone] = receivedAt('/rotated')
    if (!both || !alone) throw new Error('there are two')
    expect([isGenuine(both, secret), isGenuine(both, rotated.body.secret)]).toEqual([true, true])
    expect(alone.headers['webhook-id']).toBe(test)
    expect([isGenuine(alone, secret), isGenuine(alone, rotated.body.secret)]).toEqual([false, false])
    expect(JSON.parse(alone.body)).toMatchObject({ type: 'webhook.test', data: { webhook: id } })
  })

  it('has a delivery sent again, with the same id', async () => {
    const { id } = await make(ada, '/again')
    const event = await platform.emit('order.placed', { by: 'ada' })
    await untilTrue(async () => (await deliveriesOf(ada, id))[0]?.state === 'done')
    expect((await ada.post(`/${id}/deliveries/${event}/redeliver`)).status).toBe(202)
    await until('/again', 2)
    expect(receivedAt('/again').map(({ headers }) => headers['webhook-id'])).toEqual([event, event])
    expect((await ben.post(`/${id}/deliveries/${event}/redeliver`)).status).toBe(404)
  })

  it('repeats a creation under its Idempotency-Key, and gets the same webhook and secret', async () => {
    const wanted = { url: at('/once'), events: ['order.placed'] }
    const [first, again] = [
      await ada.post('', wanted, { 'idempotency-key': 'once' }),
      await ada.post('', wanted, { 'idempotency-key': 'once' }),
    ]
    expect([first.status, again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 201, 'true'])
    expect(again.body).toEqual(first.body)
    const { rows } = await platform.pool.query('select secret from ebb.webhook where id = $1', [first.body.id])
    expect(String(rows[0]?.secret)).not.toContain(first.body.secret)
    const stored = await platform.pool.query(
      `select from ebb.idempotency where position($1 in convert_from(body, 'utf8')) > 0`,
      [first.body.secret],
    )
    expect(stored.rowCount).toBe(0)
  })

  it('changes, deletes and lists, and sees nobody else’s', async () => {
    const { id } = await make(ben, '/own', { description: 'mine' })
    expect((await ben.patch(`/${id}`, { concurrency: 1, description: null })).body).toMatchObject({
      ...{ id, concurrency: 1, perSecond: 20, description: null, events: ['order.placed'] },
    })
    for (const asked of [ada.get(`/${id}`), ada.patch(`/${id}`, { concurrency: 2 }), ada.remove(`/${id}`)])
      expect((await asked).status).toBe(404)
    const { webhooks, eventTypes } = (await ben.get()).body
    expect(webhooks[0]).toMatchObject({ id })
    expect(eventTypes).toEqual([{ type: 'order.placed', summary: 'An order was placed.' }])
    expect((await ben.remove(`/${id}`)).status).toBe(204)
    expect((await ben.get(`/${id}`)).status).toBe(404)
    await platform.emit('order.placed', { by: 'ben', n: 'after' })
    const { body } = await ben.get()
    expect(body.webhooks.map((one: { id: string }) => one.id)).not.toContain(id)
  })
})

describe('refused is', () => {
  it.each([
    ['plain HTTP', { url: 'http://example.com/' }, 'Must be an https address at port 443'],
    ['another port', { url: 'https://example.com:8443/' }, 'Must be an https address at port 443'],
    ['credentials', { url: 'https://a:b@example.com/' }, 'Must be a URL without credentials and fragment'],
    ['a private address', { url: 'https://10.1.2.3/' }, 'Must be an address of the public internet'],
    ['the metadata of a cloud', { url: 'https://169.254.169.254/' }, 'Must be an address of the public internet'],
    ['this machine as a number', { url: 'https://2130706433/' }, 'Must be an address of the public internet'],
    ['a mapped address', { url: 'https://[::ffff:10.0.0.1]/' }, 'Must be an address of the public internet'],
    ['a name of the network', { url: 'https://ebb-gateway.shop.svc/' }, 'Must be an address of the public internet'],
    ['an event that there is not', { events: ['order.lost'] }, 'Must be one of order.placed'],
    ['an event without its scope', { events: ['order.refunded'] }, 'Must be one of order.placed'],
    ['an event of tenants without one', { events: ['price.changed'] }, 'Must be one of order.placed'],
  ])('%s', async (_what, wrong, message) => {
    const { status, body } = await ada.post('', { url: 'https://example.com/', events: ['order.placed'], ...wrong })
    expect([status, body.details?.[0]?.message]).toEqual([400, message])
  })

  it('a caller without a key', async () => {
    expect((await fetch(`${platform.url}/v1/webhooks`)).status).toBe(401)
  })
})

it('a private address gets no connection, and its customer is told what anybody would be', async () => {
  const { id } = await make(ada, '/moved')
  // As where a name that was public has another address now: the gateway would have refused this one.
  const urls = [`http://${hidden.host}/`, 'https://127.0.0.1/', 'https://localhost/', 'https://10.255.255.1/']
  for (const url of urls) {
    await platform.pool.query('update ebb.webhook set url = $2, rest_until = null, failures = 0 where id = $1', [
      id,
      url,
    ])
    const { id: test } = (await ada.post(`/${id}/test`)).body
    await untilTrue(async () => {
      const [found] = (await deliveriesOf(ada, id)).filter((one) => one.id === test)
      return found?.attempts.length === 1
    })
    expect((await ada.get(`/${id}/deliveries/${test}`)).body.attempts).toMatchObject([{ error: 'unreachable' }])
  }
  expect([hidden.connections(), receivedAt('/moved')]).toEqual([0, []])
})

it('an address that fails for days, or says 410, is disabled, and an event says so', async () => {
  const [failing, gone] = [await make(ada, '/failing'), await make(ada, '/gone')]
  answers.set('/failing', 503).set('/gone', 410)
  await platform.pool.query(`update ebb.webhook set failing_since = now() - interval '6 days' where id = $1`, [
    failing.id,
  ])
  await ada.post(`/${failing.id}/test`)
  await ada.post(`/${gone.id}/test`)
  const disabledFor = async (id: string) => (await ada.get(`/${id}`)).body.disabledFor
  await untilTrue(async () => (await disabledFor(failing.id)) === 'failing' && (await disabledFor(gone.id)) === 'gone')
  const { rows } = await platform.pool.query(
    `select payload from ebb.outbox where type = 'ebb.webhook.disabled' order by payload ->> 'reason'`,
  )
  expect(rows.map(({ payload }) => payload)).toMatchObject([
    { id: failing.id, subject: 'ada', tenant: null, url: at('/failing'), reason: 'failing' },
    { id: gone.id, reason: 'gone' },
  ])
  const event = await platform.emit('order.placed', { by: 'ada', n: 'late' })
  // Another one has it: by now it is known whose it is.
  await untilTrue(() => receivedAt('/again').some(({ headers }) => headers['webhook-id'] === event))
  answers.delete('/failing')
  expect((await ada.post(`/${failing.id}/resume`)).body).toMatchObject({ state: 'active', failingSince: null })
  await hurry(failing.id)
  await until('/failing', 2)
  expect(receivedAt('/failing').map(({ headers }) => headers['webhook-id'])).not.toContain(event)
})
