import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { testDatabase } from '../../src/testing/index.ts'
import { untilTrue } from '../support/until.ts'
import { isGenuine, startReceiver } from '../support/webhook-receiver.ts'
import { customer, startPlatform, type TestPlatform } from './platform.ts'

let platform: TestPlatform
let receiver: Awaited<ReturnType<typeof startReceiver>>
let ada: ReturnType<typeof customer>
const arrivals: { readonly path: string; readonly at: number }[] = []
let [running, mostRunning] = [0, 0]
const hanging = new Set<string>()
const database = testDatabase()
afterAll(async () => {
  await platform.close()
  receiver.close()
})
beforeAll(async () => {
  receiver = await startReceiver(async ({ path }) => {
    arrivals.push({ path, at: performance.now() })
    if (hanging.has(path)) await new Promise(() => {})
    if (path !== '/two-at-a-time') return 204
    mostRunning = Math.max(mostRunning, ++running)
    await delay(20)
    running--
    return 204
  })
  const env = { EBB_GUARDED_ALSO: receiver.host, EBB_WEBHOOK_TIMEOUT_MS: '30000' }
  platform = await startPlatform(database.ownerUrl, { env })
  ada = customer(platform, await platform.keyOf('ada'))
})
const relays: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.stop()
  await platform.pool.query(`update ebb.webhook set state = 'deleted'`)
})

async function make(path: string, more: object = {}) {
  const { body } = await ada.post('', { url: `http://${receiver.host}${path}`, events: ['order.placed'], ...more })
  return body as { id: string; secret: string }
}
const at = (path: string) => arrivals.filter((one) => one.path === path)
const emit = (events: number) =>
  Promise.all(Array.from({ length: events }, (_, n) => platform.emit('order.placed', { by: 'ada', n })))

it('two relays together send no more at a time than a webhook takes', async () => {
  await make('/two-at-a-time', { concurrency: 2, perSecond: 1_000 })
  relays.push(await platform.startRelay(), await platform.startRelay())
  await emit(60)
  await untilTrue(() => at('/two-at-a-time').length >= 60)
  expect([at('/two-at-a-time').length, mostRunning]).toEqual([60, 2])
})

it('two relays together send no more in a second than a webhook takes', async () => {
  await make('/four-a-second', { concurrency: 50, perSecond: 4 })
  relays.push(await platform.startRelay(), await platform.startRelay())
  await emit(13)
  await untilTrue(() => at('/four-a-second').length >= 13)
  const times = at('/four-a-second').map((one) => one.at - (at('/four-a-second')[0]?.at ?? 0))
  // Four at once, and then one every 250 ms: the n-th no sooner than that. Requests are some milliseconds on their way.
  const tooSoon = times.filter((time, n) => time < (n - 4) * 250 - 200)
  expect([times.length, tooSoon]).toEqual([13, []])
})

it('what a killed relay was sending another one sends again, under the same id, as one of its attempts', async () => {
  const { id, secret } = await make('/killed')
  hanging.add('/killed')
  const relay = platform.spawnRelay()
  const event = await platform.emit('order.placed', { by: 'ada' })
  await untilTrue(() => at('/killed').length === 1)
  relay.kill('SIGKILL')
  await once(relay, 'exit')
  hanging.clear()
  // Its lease would end by itself, in half a minute.
  await platform.pool.query(`update ebb.webhook_delivery set locked_until = now() where state = 'leased'`)
  relays.push(await platform.startRelay())
  const delivery = async () => (await ada.get(`/${id}/deliveries/${event}`)).body
  await untilTrue(async () => (await delivery()).state === 'done')
  expect((await delivery()).attempts).toMatchObject([{ error: 'interrupted' }, { status: 204 }])
  const got = receiver.received.filter(({ path }) => path === '/killed')
  expect(got.map((one) => [one.headers['webhook-id'], isGenuine(one, secret)])).toEqual([
    [event, true],
    [event, true],
  ])
})

it('messages of days ago, and all of deleted webhooks, are forgotten', async () => {
  const { id } = await make('/forgotten')
  await platform.emit('order.placed', { by: 'ada' })
  relays.push(await platform.startRelay())
  await untilTrue(() => at('/forgotten').length === 1)
  await relays.pop()?.stop()
  await platform.pool.query(`update ebb.webhook_message set created_at = now() - interval '8 days'`)
  await ada.remove(`/${id}`)
  relays.push(await platform.startRelay())
  const left = async () => {
    const { rows } = await platform.pool.query(
      `select (select count(*) from ebb.webhook_message)::int4 as messages, (select count(*) from ebb.webhook where id = $1)::int4 as webhooks`,
      [id],
    )
    return rows[0]
  }
  await untilTrue(async () => JSON.stringify(await left()) === '{"messages":0,"webhooks":0}')
})
