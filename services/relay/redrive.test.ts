import { afterAll, beforeEach, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import { createPool } from '../../src/data/postgres/pool.ts'
import { redrive } from '../../src/data/queue/redrive.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { attemptsOf, countStates, emit, emptyOutbox } from './test-outbox.ts'
import { startSubscriber, startTestRelay, subscription, until } from './test-support.ts'

// Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
afterAll(() => pool.end())
const { url } = testDatabase()
const pool = createPool(databaseUrlFor('gateway', url), { log: createLog({ level: 'silent' }) })
beforeEach(() => emptyOutbox(url))

/** A relay, a subscriber that refuses until `response.status` says otherwise, and `count` dead letters. */
async function start(count: number) {
  const reply = { status: 500, gate: Promise.resolve() }
  const { received, template } = await startSubscriber(async (response) => {
    await reply.gate
    response.writeHead(reply.status).end()
  })
  const retry = { attempts: 2, minDelayMs: 1, maxDelayMs: 1 }
  await startTestRelay(url, template, { subscriptions: [subscription('send-welcome', { retry })] })
  const ids: string[] = []
  for (let n = 0; n < count; n++) ids.push(await emit(url))
  await settled({ dead: count })
  received.splice(0)
  return { reply, received, ids }
}

const again = (options: { perSecond?: number } = {}) =>
  redrive(pool, {}, { actor: 'admin', findIssues: () => [], ...options })
const settled = (states: Record<string, number>) =>
  until(JSON.stringify(states), async () => {
    const now = await countStates(url)
    return JSON.stringify(Object.entries(now).sort()) === JSON.stringify(Object.entries(states).sort())
  })

it('dead letters are delivered when their subscriber works again, the first one first', async () => {
  const { reply, received, ids } = await start(10)
  reply.status = 204
  await again()
  await settled({ done: 10 })
  expect(received.map(({ headers }) => headers['ce-id'])[0]).toBe(ids[0])
  expect(received.map(({ headers }) => headers['ce-ebbattempt'])).toEqual(Array(10).fill('3'))
  expect((await attemptsOf(url, ids[0] ?? '')).map(({ number, status }) => [number, status])).toEqual([
    [1, 500],
    [2, 500],
    [3, 204],
  ])
})

it('the others follow at once, also where the relay fell asleep meanwhile', async () => {
  const { reply, received } = await start(3)
  const { promise, resolve } = Promise.withResolvers<void>()
  Object.assign(reply, { status: 204, gate: promise })
  await again()
  await until('the first is in flight', () => received.length === 1)
  for (let looks = 0; looks < 20; looks++) expect(await countStates(url)).toEqual({ leased: 1, dead: 2 })
  resolve()
  await settled({ done: 3 })
})

it('where the first one fails again, with all its attempts, the others are not even tried', async () => {
  const { received, ids } = await start(10)
  await again()
  await until('it has failed', async () => (await attemptsOf(url, ids[0] ?? '')).length === 4)
  expect(received.map(({ headers }) => headers['ce-id'])).toEqual([ids[0], ids[0]])
  expect(await countStates(url)).toEqual({ dead: 10 })
})

it('no faster than the rate', async () => {
  const { reply, received } = await start(6)
  reply.status = 204
  const began = performance.now()
  await again({ perSecond: 20 })
  await settled({ done: 6 })
  expect(performance.now() - began).toBeGreaterThanOrEqual(250)
  expect(received).toHaveLength(6)
})
