import { tracingChannel } from 'node:diagnostics_channel'
import { afterAll, beforeEach, expect, it } from '@jest/globals'
import { POSTGRES_CHANNEL, type Statement } from 'ebb/telemetry'
import { testDatabase } from 'ebb/testing'
import { countStates, emit, emitAll, emptyOutbox } from './test-outbox.ts'
import { startSubscriber, startTestRelay, subscription, until } from './test-support.ts'

const { url } = testDatabase()
beforeEach(() => emptyOutbox(url))

/** The statements of a relay's polls, by what only they have. */
const STATEMENTS = {
  take: 'fresh as materialized',
  settle: 'with given as',
  lease: 'due as materialized',
  reclaim: 'with known as',
  look: 'as asked',
}
let sent: string[] = []
const handlers = {
  start: ({ text }: Statement) => {
    const [name] = Object.entries(STATEMENTS).find(([, part]) => text.includes(part)) ?? []
    if (name) sent.push(name)
  },
}
const channel = tracingChannel<Statement, Statement>(POSTGRES_CHANNEL)
channel.subscribe(handlers)
afterAll(() => channel.unsubscribe(handlers))

const settled = (count: number) => until(`${count} done`, async () => (await countStates(url)).done === count)

/** A relay that has looked at everything twice: when it started, and when it began to listen. */
async function startQuietRelay({ concurrency = 10 } = {}) {
  sent = []
  const { template } = await startSubscriber()
  const subscriptions = [subscription('send-welcome', { scale: { max: 1, concurrency } })]
  const relay = await startTestRelay(url, template, { subscriptions })
  await until('it is quiet', () =>
    ['take', 'reclaim', 'look'].every((name) => sent.filter((one) => one === name).length === 2),
  )
  sent = []
  return relay
}

it('an event costs three statements: one takes and leases it, one finds no more, and one settles it', async () => {
  const { stop } = await startQuietRelay()
  for (let count = 1; count <= 3; count++) {
    await emit(url)
    await settled(count)
    await until('it has looked again', () => sent.length >= 3 * count)
  }
  await stop()
  expect(sent.sort()).toEqual([...Array(3).fill('settle'), ...Array(6).fill('take')])
})

it('events that come together are taken and leased together', async () => {
  const { stop } = await startQuietRelay({ concurrency: 40 })
  await emitAll(url, { count: 40 })
  await settled(40)
  await stop()
  expect(sent.filter((name) => name !== 'settle')).toEqual(['take', 'take'])
})
