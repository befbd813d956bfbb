import { afterAll, beforeEach, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import { readContractUsage, recordContractUsage, type UsageCount } from '../../../src/data/contract-usage.ts'
import { createPool } from '../../../src/data/postgres/pool.ts'
import { databaseUrlFor } from '../../../src/testing/test-database.ts'
import { collectUsage } from './collect-usage.ts'

// Hooks run in the order in which they are declared: the pools let go before the database is dropped.
afterAll(() => Promise.all([pool.end(), owner.end()]))
const database = testDatabase()
const log = createLog({ level: 'silent' })
const owner = createPool(database.ownerUrl, { log })
const pool = createPool(databaseUrlFor('gateway', database.url), { log })
beforeEach(() => owner.query('truncate ebb.contract_usage'))

const record = async (counts: readonly UsageCount[]) => {
  const client = await pool.connect()
  await recordContractUsage(client, counts).finally(() => client.release())
}
const caller = (name: string) => ({
  kind: 'key' as const,
  caller: name,
  keyId: `id-${name}`,
  tenant: 'acme',
  plan: undefined,
})
const used = (name: string, fields: readonly string[] = [], endpoint = 'list-orders') => ({
  ...{ endpoint, version: '2', fields, caller: caller(name) },
})
const read = (days = 1) => readContractUsage(pool, { days, limit: 1_000 })

it('two gateways count together, by caller and field; nothing is written for a request', async () => {
  let writes = 0
  const counting = (counts: readonly UsageCount[]) => record(counts).finally(() => writes++)
  const gateways = [collectUsage(counting, { log }), collectUsage(counting, { log })]
  for (const { count } of gateways) {
    for (let n = 0; n < 50; n++) count(used('ann', n % 2 === 0 ? ['query.limit'] : []))
    count(used('bob', ['query.limit', 'query.tag']))
  }
  expect(writes).toBe(0)
  for (const { close } of gateways) await close()
  expect(writes).toBe(2)
  const common = {
    endpoint: 'list-orders',
    version: '2',
    kind: 'key',
    tenant: 'acme',
    plan: null,
    lastAt: expect.stringMatching(/Z$/),
  }
  expect(await read()).toEqual([
    { ...common, caller: 'ann', keyId: 'id-ann', requests: 100, fields: { 'query.limit': 50 } },
    { ...common, caller: 'bob', keyId: 'id-bob', requests: 2, fields: { 'query.limit': 2, 'query.tag': 2 } },
  ])
})

it('what cannot be written is written later, and counts once', async () => {
  let fails = true
  const { count, close } = collectUsage(
    async (counts) => {
      if (fails) {
        fails = false
        throw new Error('the database is away')
      }
      await record(counts)
    },
    { log, flushMs: 5 },
  )
  count(used('ann', ['query.limit']))
  while (fails) await new Promise((resolve) => setImmediate(resolve))
  count(used('ann'))
  await close()
  expect(await read()).toMatchObject([{ caller: 'ann', requests: 2, fields: { 'query.limit': 1 } }])
})

it('memory and table are bounded: callers beyond are counted together, and none is lost', async () => {
  const sizes: number[] = []
  const { count, close } = collectUsage(
    async (counts) => {
      sizes.push(counts.length)
      await record(counts)
    },
    { log },
  )
  for (let n = 0; n < 1_500; n++) count(used(`caller-${n}`, ['query.limit']))
  await close()
  expect(sizes).toEqual([1_001])
  const rows = await read()
  expect(rows).toHaveLength(101)
  const others = rows.find(({ kind }) => kind === 'others')
  expect(others).toMatchObject({ caller: '(others)', requests: 1_400, fields: { 'query.limit': 1_400 } })
})

it('counts of 90 days are kept, and read by day', async () => {
  await owner.query(`insert into ebb.contract_usage (day, endpoint, version, kind, caller, key_id, tenant, plan, requests, last_at)
    select current_date - ago, 'list-orders', '1', 'key', 'ann', '', '', '', 1, now() from unnest(array[0, 29, 30, 90, 91]) as ago`)
  await record([
    { ...used('bob'), kind: 'key', caller: 'bob', keyId: null, tenant: null, plan: null, requests: 1, fields: {} },
  ])
  const days = await owner.query(
    `select (current_date - day)::int as ago from ebb.contract_usage where caller = 'ann' order by 1`,
  )
  expect(days.rows.map(({ ago }) => ago)).toEqual([0, 29, 30, 90])
  expect((await read(30)).find(({ caller: name }) => name === 'ann')?.requests).toBe(2)
})
