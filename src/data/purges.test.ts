import { afterAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { databaseUrlFor, testDatabase } from '../testing/test-database.ts'
import { deleteOldPurges, insertPurges, isInSnapshot, type PurgeRow, readPurges } from './purges.ts'

const clients: pg.Client[] = []
afterAll(() => Promise.all(clients.map((client) => client.end())))
const { ownerUrl } = testDatabase()

async function connectAs(role: 'functions' | 'gateway' | 'owner') {
  const url = role === 'owner' ? ownerUrl : databaseUrlFor(role, ownerUrl)
  const client = new pg.Client({ connectionString: url })
  clients.push(client)
  await client.connect()
  return client
}

const tag = (value: string): PurgeRow => ({ kind: 'tag', value })
const valuesOf = ({ purges }: Awaited<ReturnType<typeof readPurges>>) => purges.map(({ value }) => value)

it('a purge is read exactly once, whichever transaction began first', async () => {
  const gateway = await connectAs('gateway')
  const [slow, quick] = [await connectAs('functions'), await connectAs('functions')]
  const start = await readPurges(gateway, undefined)
  await slow.query('begin')
  await insertPurges(slow, [tag('slow')])
  await insertPurges(quick, [tag('quick'), tag('as quick')])
  const first = await readPurges(gateway, start.snapshot)
  expect(valuesOf(first)).toEqual(['quick', 'as quick'])
  await slow.query('commit')
  const second = await readPurges(gateway, first.snapshot)
  expect(valuesOf(second)).toEqual(['slow'])
  expect(valuesOf(await readPurges(gateway, second.snapshot))).toEqual([])
  // As Postgres itself says: the one that committed later is not in the first snapshot, though it has the lower number.
  const [read] = second.purges
  expect(read?.xid).toBeLessThan(first.purges[0]?.xid ?? 0)
  expect([first, second].map(({ snapshot }) => isInSnapshot(read?.xid ?? 0, snapshot))).toEqual([false, true])
})

it('a transaction that is rolled back has purged nothing', async () => {
  const [gateway, fn] = [await connectAs('gateway'), await connectAs('functions')]
  const { snapshot } = await readPurges(gateway, undefined)
  await fn.query('begin')
  await insertPurges(fn, [tag('undone')])
  await fn.query('rollback')
  expect(valuesOf(await readPurges(gateway, snapshot))).toEqual([])
})

it('who has no snapshot reads what is recent; what is old is deleted', async () => {
  const [gateway, owner] = [await connectAs('gateway'), await connectAs('owner')]
  await insertPurges(gateway, [{ kind: 'url', value: '/recent?a=1' }], '2f1f7b35-6a5d-4d5c-9c53-3a5ad1f7d0aa')
  await insertPurges(gateway, [tag('an hour ago'), tag('two hours ago'), tag('yesterday')])
  for (const [value, age] of Object.entries({ 'an hour ago': '1 h', 'two hours ago': '2 h', yesterday: '1 day' }))
    await owner.query('update ebb.purge set at = at - $2::interval where value = $1', [value, age])
  const values = valuesOf(await readPurges(gateway, undefined))
  expect(values).toEqual(expect.arrayContaining(['/recent?a=1', 'an hour ago']))
  expect(values).not.toContain('two hours ago')
  await deleteOldPurges(gateway)
  const { rows } = await owner.query(`select value from ebb.purge where value in ('two hours ago', 'yesterday')`)
  expect(rows).toEqual([{ value: 'two hours ago' }])
})

describe('isInSnapshot', () => {
  it.each([
    ['10:20:', 9, true],
    ['10:20:', 19, true],
    ['10:20:', 20, false],
    ['10:20:10,15', 10, false],
    ['10:20:10,15', 11, true],
    ['10:20:10,15', 15, false],
  ])('%s, %d: %s', (snapshot, xid, expected) => {
    expect(isInSnapshot(xid, snapshot)).toBe(expected)
  })
})
