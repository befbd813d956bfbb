import type { ServerResponse } from 'node:http'
import { beforeEach, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { countStates, emit, emitAll, emptyOutbox, query } from './test-outbox.ts'
import { type Respond, startSubscriber, startTestRelay, subscription, until } from './test-support.ts'

const { url } = testDatabase()
beforeEach(() => emptyOutbox(url))

const settled = (state: string, count: number) =>
  until(`${count} ${state}`, async () => (await countStates(url))[state] === count)

/** Answers no request until `count` requests are waiting at once. */
function gate(count: number): Respond {
  const waiting: ServerResponse[] = []
  let open = false
  return (response) => {
    waiting.push(response)
    open ||= waiting.length >= count
    if (open) for (const one of waiting.splice(0)) one.writeHead(204).end()
  }
}

it('two relays side by side deliver each event once', async () => {
  // Ten slots in each relay: twenty at once are both at work.
  const { received, template } = await startSubscriber(gate(20))
  const subscriptions = [subscription('send-welcome', { scale: { max: 1, concurrency: 10 } })]
  // What one relay fans out the other finds at its next poll.
  const relays = [
    await startTestRelay(url, template, { subscriptions, pollMs: 50 }),
    await startTestRelay(url, template, { subscriptions, pollMs: 50 }),
  ]
  await emitAll(url, { count: 500 })
  await settled('done', 500)
  expect(received.length).toBe(500)
  expect(new Set(received.map(({ headers }) => headers['ce-id'])).size).toBe(500)
  expect(await query(url, 'select count(*)::int as n, max(number) as last from ebb.attempt')).toEqual([
    { n: 500, last: 1 },
  ])
  for (const { log } of relays) expect(log.deliveries().length).toBeGreaterThanOrEqual(10)
})

it('a subscriber that never answers takes no slot from another', async () => {
  const { received, template } = await startSubscriber((response, _count, { url: path }) => {
    if (path === '/quick/') response.writeHead(204).end()
  })
  const subscriptions = [
    subscription('stuck', { on: 'stuck.made', timeoutMs: 60_000 }),
    subscription('quick', { on: 'quick.made' }),
  ]
  await startTestRelay(url, template, { subscriptions, maxInFlight: 10 })
  await emitAll(url, { type: 'stuck.made', count: 300 })
  await until('it is stuck', () => received.length === 5)
  await emitAll(url, { type: 'quick.made', count: 100 })
  await settled('done', 100)
  expect(received.filter((one) => one.url === '/stuck/')).toHaveLength(5)
  expect(await countStates(url)).toEqual({ waiting: 295, leased: 5, done: 100 })
})

it('a subscriber never gets more at once than its instances take', async () => {
  const waiting: ServerResponse[] = []
  let most = 0
  // Answers to three at once, whenever it has three.
  const { received, template } = await startSubscriber((response) => {
    waiting.push(response)
    most = Math.max(most, waiting.length)
    if (waiting.length >= 3) for (const held of waiting.splice(0)) held.writeHead(204).end()
  })
  await startTestRelay(url, template, {
    subscriptions: [subscription('small', { scale: { max: 1, concurrency: 3 } })],
  })
  await emitAll(url, { count: 30 })
  await settled('done', 30)
  expect(most).toBe(3)
  expect(received).toHaveLength(30)
})

it('a relay that stops leases nothing new and settles what is in flight', async () => {
  let answer = () => {}
  const { received, template } = await startSubscriber((response) => {
    answer = () => response.writeHead(204).end()
  })
  const subscriptions = [subscription('send-welcome', { scale: { max: 1, concurrency: 1 } })]
  const { stop } = await startTestRelay(url, template, { subscriptions, drainMs: 10_000 })
  await emitAll(url, { count: 2 })
  await until('one is in flight', () => received.length === 1)
  const stopped = stop()
  answer()
  await stopped
  expect(await countStates(url)).toEqual({ done: 1, waiting: 1 })
  expect(received).toHaveLength(1)
})

it('a relay that stops gives up what does not end in time, and leaves it to be tried again', async () => {
  const { received, template } = await startSubscriber(() => {})
  const subscriptions = [subscription('send-welcome')]
  const { stop, log } = await startTestRelay(url, template, { subscriptions, drainMs: 20 })
  await emit(url)
  await until('it is in flight', () => received.length === 1)
  await stop()
  expect(await countStates(url)).toEqual({ waiting: 1 })
  expect(log.deliveries()).toMatchObject([{ outcome: 'retry', error: 'the relay was stopped' }])
})
