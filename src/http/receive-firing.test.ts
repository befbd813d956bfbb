import { beforeAll, expect, it } from '@jest/globals'
import { schedule } from '../contract/index.ts'
import { postgres } from '../data/index.ts'
import { testFunction } from '../testing/index.ts'
import { implement } from './public.ts'

const contract = schedule({ name: 'count-things', summary: 'Count.', cron: '0 3 * * *', failures: { not_yet: 503 } })
const fn = testFunction(
  implement(contract, { sql: postgres }, async ({ data: { plannedAt, manual }, event }, { sql, fail }) => {
    await sql.one<{ notes: number }>`
    select count(*)::int as notes from counted where planned_at < ${plannedAt}`
    await sql`insert into counted values (${event.type}, ${plannedAt}, ${manual})`
    if (manual) throw fail('not_yet', 'Not by hand.')
  }),
)
beforeAll(async () => {
  await fn.query('create table counted (type text, planned_at timestamptz, manual boolean)')
})

it('204 a firing takes effect once, and its handler gets the time that was planned', async () => {
  const firing = { plannedAt: '2026-01-01T02:00:00.000Z', id: '7c1c5a59-6f0e-4e7b-9d0c-3f1e1f5a1b11' }
  const statuses = [await fn.fire(firing), await fn.fire(firing)].map(({ status }) => status)
  expect(statuses).toEqual([204, 204])
  expect(await fn.query('select * from counted')).toEqual([
    { type: 'ebb.count_things.fired', planned_at: new Date(firing.plannedAt), manual: false },
  ])
})

it('503 what it refuses for now changes nothing', async () => {
  expect((await fn.fire({ manual: true })).status).toBe(503)
  expect(await fn.query('select from counted where manual')).toEqual([])
})

it('400 a firing without a time, 403 one that a caller sends', async () => {
  const type = 'ebb.count_things.fired'
  expect((await fn.deliver({ type, data: { manual: false } })).status).toBe(400)
  const data = { plannedAt: '2026-01-01T02:00:00Z', manual: false }
  expect((await fn.deliver({ type, data }, { from: { sub: 'ada' } })).status).toBe(403)
})
