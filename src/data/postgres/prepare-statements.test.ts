import { afterAll, expect, it } from '@jest/globals'
import { testDatabase } from '../../testing/test-database.ts'
import { collectLog } from '../test-support.ts'
import { createPool } from './pool.ts'

afterAll(() => Promise.all(pools.map((pool) => pool.end())))
const { ownerUrl } = testDatabase()
const pools = [true, false].map((prepared) => createPool(ownerUrl, { max: 1, prepared, log: collectLog().log }))
const [prepared, plain] = pools
const textsOf = async (pool = prepared) => {
  const { rows } = (await pool?.query('select statement, generic_plans from pg_prepared_statements order by name')) ?? {
    rows: [],
  }
  return rows.map(({ statement, generic_plans }) => [statement, Number(generic_plans)])
}

it('prepares each statement with values once, and plans it once for all values', async () => {
  for (const n of [1, 2, 3]) {
    expect((await prepared?.query('select $1::int4 as n', [n]))?.rows).toEqual([{ n }])
    expect((await prepared?.query('select $1::int4 + 1 as n', [n]))?.rows).toEqual([{ n: n + 1 }])
    expect((await plain?.query('select $1::int4 as n', [n]))?.rows).toEqual([{ n }])
  }
  expect(await textsOf()).toEqual([
    ['select $1::int4 as n', 3],
    ['select $1::int4 + 1 as n', 3],
  ])
  expect(await textsOf(plain)).toEqual([])
})

it('finds rows of a table that was empty when the statement was planned by its index', async () => {
  const client = await prepared?.connect()
  await client?.query('create temp table filled (id int4 primary key, v text); analyze filled')
  const explain = async () => {
    const { rows } = (await client?.query(
      'explain (generic_plan) select v from unnest($1::int4[]) as id join filled using (id)',
    )) ?? { rows: [] }
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  }
  expect(await explain()).toMatch(/Nested Loop[\s\S]*Index Scan using filled_pkey/)
  client?.release()
})
