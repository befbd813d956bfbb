import { randomUUID } from 'node:crypto'
import { afterAll, expect, it } from '@jest/globals'
import { type Charge, createLog } from '../kernel/index.ts'
import { testDatabase } from '../testing/index.ts'
import { databaseUrlFor } from '../testing/test-database.ts'
import { createPool, inTransaction } from './postgres/pool.ts'
import { readQuota, readUsage, recordUsage, type UsageEntry } from './usage.ts'

// Hooks run in the order in which they are declared: the pools let go before the database is dropped.
afterAll(() => Promise.all([pool.end(), owner.end()]))
const { ownerUrl } = testDatabase()
const log = createLog({ level: 'silent' })
/** With the privileges that a gateway has. */
const pool = createPool(databaseUrlFor('gateway', ownerUrl), { max: 8, log })
const owner = createPool(ownerUrl, { log })

const MONTH = { requests: 100, per: 'month', timeZone: 'UTC' } as const
const charge = (subject: string, more: Partial<Charge> = {}): Charge => ({
  ...{ holder: `caller ${subject}`, plan: 'free', quota: MONTH, subject },
  ...more,
})
const entry = (of: Charge, counts: Partial<UsageEntry> = {}): UsageEntry => ({
  ...{ charge: of, wanted: 0, counted: 0, refused: 0 },
  ...counts,
})

/** Counts as one gateway does. */
function gateway() {
  const id = randomUUID()
  let number = 0
  return (entries: readonly UsageEntry[], { again = false } = {}) =>
    inTransaction(pool, (client) => recordUsage(client, { gateway: id, number: again ? number : ++number }, entries))
}

const today = async () => (await owner.query(`select (now() at time zone 'UTC')::date::text as day`)).rows[0].day

it('a quota grants what is left of it, and no more, and the usage of the day says the same', async () => {
  const record = gateway()
  const ann = charge('ann', { keyId: 'k1', tenant: 'acme' })
  expect(await record([entry(ann, { wanted: 70 })])).toMatchObject([{ granted: 70, used: 70 }])
  expect(await record([entry(ann, { wanted: 70, refused: 2 })])).toMatchObject([{ granted: 30, used: 100 }])
  expect(await record([entry(ann, { wanted: 1 })])).toMatchObject([{ granted: 0, used: 100 }])
  expect(await readQuota(pool, ann.holder, MONTH)).toBe(100)
  const usage = { tenant: 'acme', subject: 'ann', plan: 'free', keyId: 'k1', requests: 100, refused: 2 }
  expect(await readUsage(pool, { subject: 'ann', tenant: 'acme' })).toEqual([{ day: await today(), ...usage }])
  expect(await readUsage(pool, { subject: 'ann', tenant: '' })).toEqual([])
  expect(await readUsage(pool, { keyId: 'k1', from: '2999-01-01' })).toEqual([])
})

it('of many gateways at once, exactly the quota is granted', async () => {
  const one = charge('many', { quota: { ...MONTH, requests: 317 } })
  const other = charge('other', { quota: { ...MONTH, requests: 1_000_000 } })
  const entries = [
    entry(other, { wanted: 3 }),
    entry(one, { wanted: 3 }),
    entry({ ...one, keyId: 'k' }, { wanted: 20 }),
  ]
  const run = async (record: ReturnType<typeof gateway>, i: number) => {
    let granted = 0
    for (let round = 0; round < 5; round++) {
      // In another order at each gateway.
      const order = i % 2 === 0 ? entries : entries.toReversed()
      const outcome = await record(order)
      for (const [at, { charge }] of order.entries()) if (charge !== other) granted += outcome[at]?.granted ?? 0
    }
    return granted
  }
  const granted = await Promise.all(Array.from({ length: 8 }, (_, i) => run(gateway(), i)))
  expect(granted.reduce((sum, n) => sum + n)).toBe(317)
  expect([await readQuota(pool, one.holder, MONTH), await readQuota(pool, other.holder, MONTH)]).toEqual([317, 120])
  const usage = await readUsage(pool, { subject: 'many' })
  expect(usage.reduce((sum, { requests }) => sum + requests, 0)).toBe(317)
})

it('a batch that is sent again while the first is still being counted is counted once', async () => {
  const of = charge('twice')
  const both = { gateway: randomUUID(), number: 1 }
  const count = () => inTransaction(pool, (client) => recordUsage(client, both, [entry(of, { wanted: 9 })]))
  const outcomes = await Promise.all([count(), count(), count()])
  expect(outcomes).toEqual([outcomes[0], outcomes[0], outcomes[0]])
  expect(await readQuota(pool, of.holder, MONTH)).toBe(9)
})

it('a batch that is sent again is counted once, and has the same outcome', async () => {
  const record = gateway()
  const of = charge('again')
  const first = await record([entry(of, { wanted: 60 }), entry(charge('free'), { wanted: 1 })])
  await gateway()([entry(of, { wanted: 30 })])
  expect(await record([entry(of, { wanted: 60 })], { again: true })).toEqual(first.slice(0, 1))
  expect(await readQuota(pool, of.holder, MONTH)).toBe(90)
})

it('what is given back can be had again', async () => {
  const record = gateway()
  const of = charge('back')
  await record([entry(of, { wanted: 100 })])
  expect(await record([entry(of, { wanted: 5, counted: -3 })])).toMatchObject([{ granted: 3, used: 100 }])
  expect((await readUsage(pool, { subject: 'back' }))[0]?.requests).toBe(100)
})

it('without a quota everything is counted, and nothing is asked', async () => {
  const record = gateway()
  const of = charge('none', { quota: undefined })
  expect(await record([entry(of, { counted: 7, refused: 1 })])).toEqual([undefined])
  expect(await readUsage(pool, { subject: 'none' })).toMatchObject([{ requests: 7, refused: 1, keyId: null }])
})

it.each([
  ['day', 'UTC'],
  ['day', 'Pacific/Auckland'],
  ['month', 'America/New_York'],
] as const)('a %s of %s begins anew by the calendar there', async (per, timeZone) => {
  const record = gateway()
  const of = charge(`calendar ${per} ${timeZone}`, { quota: { requests: 10, per, timeZone } })
  const [granted] = await record([entry(of, { wanted: 10 })])
  const { rows } = await owner.query(
    `select extract(epoch from date_trunc($1, now() at time zone $2) + ('1 ' || $1)::interval
                              - (now() at time zone $2)) * 1000 as ms`,
    [per, timeZone],
  )
  // An hour's difference where a clock is put forward or back before the end.
  expect(Math.abs(Number(granted?.resetMs) - Number(rows[0].ms))).toBeLessThanOrEqual(3_660_000)
  await owner.query('update ebb.quota set starts_on = starts_on - 40 where holder = $1', [of.holder])
  expect(await readQuota(pool, of.holder, { per, timeZone })).toBe(0)
  expect(await record([entry(of, { wanted: 4 })])).toMatchObject([{ granted: 4, used: 4 }])
})

it('a gateway writes none of it by itself', async () => {
  for (const sql of ['update ebb.quota set used = 0', 'delete from ebb.usage', 'select from ebb.usage_batch']) {
    await expect(pool.query(sql)).rejects.toThrow('permission denied')
  }
})
