import { afterAll, beforeEach, expect, it } from '@jest/globals'
import { countStates, emitAll, emptyOutbox, query } from '../../../services/relay/test-outbox.ts'
import { createLog } from '../../kernel/index.ts'
import { testDatabase } from '../../testing/index.ts'
import { createPool } from '../postgres/pool.ts'
import { beginRate } from './deliveries.ts'
import { fanOut } from './fan-out.ts'
import { findCompany, leaseBatch } from './lease-batch.ts'

const NAME = 'send-welcome'
// Hooks run in the order in which they are declared: the pool closes before the database is dropped.
afterAll(() => pool.end())
const { ownerUrl: url } = testDatabase()
const pool = createPool(url, { log: createLog({ level: 'silent' }), prepared: true })
beforeEach(() => emptyOutbox(url))

const COMPANY = { size: 20, withinMs: 60_000, attempts: 5 }
const lease = async (more: Partial<Parameters<typeof leaseBatch>[2]> = {}) =>
  leaseBatch(pool, NAME, { ...COMPANY, leaseMs: 60_000, ...more })
const company = async () => (await findCompany(pool, [{ ...COMPANY, name: NAME, since: undefined }])).get(NAME)
async function deliver(count: number, options: Parameters<typeof emitAll>[1] = {}) {
  const ids = await emitAll(url, { ...options, count, notify: false })
  await fanOut(pool, [{ name: NAME, on: 'user.created' }])
  return ids
}
const set = (what: string) => query(url, `update ebb.delivery set ${what} where state = 'waiting'`)

it('leases nothing before there are enough, or the first has waited long enough', async () => {
  expect([await lease(), await company()]).toEqual([[], undefined])
  await deliver(19)
  expect([await lease(), await company()]).toEqual([[], undefined])
  await deliver(3)
  expect(await company()).toBeLessThanOrEqual(0)
  const leased = await lease()
  expect(new Set(leased.map(({ eventId }) => eventId)).size).toBe(20)
  expect(leased.map(({ attempt }) => attempt)).toEqual(Array(20).fill(1))
  expect(await lease()).toEqual([])
  await set(`available_at = now() - interval '60 s'`)
  expect(await lease()).toHaveLength(2)
  expect(await countStates(url)).toEqual({ leased: 22 })
})

it('knows when there will be enough', async () => {
  await deliver(19)
  const [last] = await deliver(1)
  await query(url, `update ebb.delivery set available_at = now() + interval '1 h' where event_id = $1`, [last])
  expect(await company()).toBeGreaterThan(3_500_000)
  expect(await lease()).toEqual([])
})

it('what has failed goes in a tenth of the company each time, and alone for its last attempt', async () => {
  await deliver(20)
  await set('attempts = 1')
  expect(await lease()).toHaveLength(2)
  expect(await lease({ attempts: 2 })).toHaveLength(1)
  await set('attempts = 2')
  expect(await lease()).toHaveLength(1)
  // Those of before a redrive do not count, and a number that is too large for any integer fails nobody.
  await set('attempts = 99')
  expect(await lease({ attempts: 100 })).toHaveLength(1)
  await set('forgiven = 99')
  expect(await lease({ size: 15 })).toHaveLength(15)
})

it('does not mix what has failed with what is new', async () => {
  const old = await deliver(2)
  await set('attempts = 1')
  await deliver(20)
  expect((await lease()).map(({ eventId }) => eventId).sort()).toEqual(old.toSorted())
  expect(await lease()).toHaveLength(20)
})

it('a batch is of one tenant', async () => {
  await deliver(12, { tenant: 'a' })
  await deliver(12, { tenant: 'b' })
  await deliver(12)
  const tenants = [await lease(), await lease(), await lease({ withinMs: 0 })].map((batch) => [
    ...new Set(batch.map(({ tenant }) => tenant)),
    batch.length,
  ])
  expect(tenants).toEqual([
    ['a', 12],
    ['b', 12],
    [null, 12],
  ])
})

it('a batch has 8 MiB of data at most, but for an event that has more alone', async () => {
  await deliver(3, { payload: { text: 'x'.repeat(3 * 2 ** 20) } })
  await deliver(1, { payload: { text: 'x'.repeat(9 * 2 ** 20) } })
  const counts = []
  for (let batch = await lease({ withinMs: 0 }); batch.length > 0; batch = await lease({ withinMs: 0 }))
    counts.push(batch.length)
  expect(counts).toEqual([2, 1, 1])
})

it('a rate counts events, and waits for all that go together', async () => {
  const rate = { requests: 1, perSeconds: 3_600, burst: 25 }
  await beginRate(pool, NAME, rate)
  await deliver(30)
  expect(await lease({ rate })).toHaveLength(20)
  expect(await lease({ rate, withinMs: 0 })).toEqual([])
  await query(url, `update ebb.subscriber_rate set tokens = 10`)
  expect(await lease({ rate, withinMs: 0 })).toHaveLength(10)
  expect(await query(url, 'select floor(tokens) as left from ebb.subscriber_rate')).toEqual([{ left: 0 }])
})

it('of several relays each takes others', async () => {
  await deliver(200)
  const taken: string[] = []
  const takeAll = async () => {
    while (taken.length < 200) taken.push(...(await lease({ withinMs: 0 })).map(({ eventId }) => eventId))
  }
  await Promise.all([takeAll(), takeAll(), takeAll(), takeAll()])
  expect([new Set(taken).size, taken.length]).toEqual([200, 200])
})
