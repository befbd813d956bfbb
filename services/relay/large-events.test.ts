import { afterAll, beforeEach, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import { createPool } from '../../src/data/postgres/pool.ts'
import type { Delivery } from '../../src/data/queue/deliveries.ts'
import { fanOut } from '../../src/data/queue/fan-out.ts'
import { classifyResponse } from './classify-response.ts'
import { countStates, emit, emptyOutbox, query } from './test-outbox.ts'
import { startSubscriber, startTestRelay, subscription, until } from './test-support.ts'
import { createWithData } from './with-data.ts'

// Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
afterAll(() => pool.end())
const { url, ownerUrl } = testDatabase()
const pool = createPool(ownerUrl, { max: 2, log: createLog({ level: 'silent' }) })
beforeEach(() => emptyOutbox(url))

const KIB = 1024
/** As text it has so many bytes; not Latin, so that a character is not a byte. */
const dataOf = (bytes: number) => ({ text: `☃${'x'.repeat(bytes - Buffer.byteLength('{"text": "☃"}'))}` })

it('an event of 300 KiB reaches its subscriber whole', async () => {
  const { received, template } = await startSubscriber()
  await startTestRelay(url, template, { subscriptions: [subscription('send-welcome')] })
  await emit(url, { payload: dataOf(300 * KIB) })
  await until('it is done', async () => (await countStates(url)).done === 1)
  expect(JSON.parse(received[0]?.body ?? '')).toEqual(dataOf(300 * KIB))
})

/** Leases events of these sizes for one subscriber. */
async function leaseAll(...sizes: readonly number[]): Promise<readonly Delivery[]> {
  for (const bytes of sizes) await emit(url, { payload: dataOf(bytes), notify: false })
  const to = [{ name: 'send-welcome', on: 'user.created', limit: sizes.length, leaseMs: 60_000 }]
  return (await fanOut(pool, to)).leased
}

const never = new AbortController().signal

it('data are at hand where they have 256 KiB at most, and are read later where they have more', async () => {
  const leased = await leaseAll(256 * KIB, 256 * KIB + 1)
  expect(leased.map(({ data, dataBytes }) => [data === null, dataBytes]).sort()).toEqual([
    [false, 256 * KIB],
    [true, 256 * KIB + 1],
  ])
})

it('one for which there is no memory is handed back, and that counts as no attempt', async () => {
  const withData = createWithData(pool, { totalBytes: 400 * KIB, maxWaitMs: 20 })
  const [one, other] = await leaseAll(300 * KIB, 300 * KIB)
  if (!one || !other) throw new Error('two were emitted')
  const answer = Promise.withResolvers<{ durationMs: number; status: number }>()
  const sent: string[] = []
  const sending = withData(one, never, (data) => {
    sent.push(String(data))
    return answer.promise
  })
  const outcome = await withData(other, never, async () => ({ durationMs: 0, status: 204 }))
  expect(outcome).toMatchObject({ notSent: true, error: 'the relay was busy with other large events' })
  const retry = { attempts: 1, minDelayMs: 1, maxDelayMs: 1 }
  expect(classifyResponse(outcome, 1, { retry })).toMatchObject({ state: 'waiting', uncounted: true })

  answer.resolve({ durationMs: 0, status: 204 })
  expect(await sending).toMatchObject({ status: 204 })
  expect(JSON.parse(sent.join())).toEqual(dataOf(300 * KIB))
  expect(await withData(other, never, async () => ({ durationMs: 0, status: 200 }))).toMatchObject({ status: 200 })
})

it('one whose lease was lost is not sent', async () => {
  const [one] = await leaseAll(300 * KIB)
  if (!one) throw new Error('one was emitted')
  await query(url, 'update ebb.delivery set lease_token = gen_random_uuid()')
  const outcome = await createWithData(pool)(one, never, async () => ({ durationMs: 0, status: 204 }))
  expect(outcome).toMatchObject({ error: 'the lease was lost' })
})
