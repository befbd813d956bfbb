import { beforeEach, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { databaseUrlFor } from '../../../src/testing/test-database.ts'
import { query } from '../test-outbox.ts'
import { type Received, startSubscriber, startTestRelay, until } from '../test-support.ts'
import { dataOf, makeParcels, startReading, takes } from './test-support.ts'

const { url } = testDatabase()
beforeEach(() => makeParcels(url))

it('a handler that writes the table that it follows is reported as a cycle, and its chain ends', async () => {
  await query(url, `insert into parcels (id, status) values (1, 'packed')`)
  const handle = async ({ headers }: Received) => {
    const attributes = ['ce-source', 'ce-id', 'ce-time'].map((name) => headers[name])
    // As a function does: what it takes and what it writes are one transaction.
    const client = new pg.Client({ connectionString: databaseUrlFor('functions', url) })
    await client.connect()
    await client.query('begin')
    await client.query(`select from ebb.take_event('touch-parcels', $1, $2, $3)`, attributes)
    await client.query('update parcels set weight_g = coalesce(weight_g, 0) + 1')
    await client.query('commit').finally(() => client.end())
  }
  await query(url, 'grant select, update on parcels to ebb_functions')
  const { received, log } = await startReading(url, [takes('touch-parcels')], (response, _count, one) => {
    void handle(one).then(() => response.writeHead(204).end())
  })
  await query(url, `update parcels set status = 'sent'`)
  const countDead = async () => (await query(url, `select from ebb.delivery where state = 'dead'`)).length
  await until('the chain has ended', async () => (await countDead()) === 1)
  expect(received).toHaveLength(33)
  const events = await query<{ hops: number; traces: number; requests: number }>(
    url,
    `select max(hops) as hops, count(distinct substr(traceparent, 4, 32))::int as traces, count(distinct correlation_id)::int as requests
     from ebb.outbox`,
  )
  expect(events).toEqual([{ hops: 33, traces: 1, requests: 1 }])
  const cycle = 'ebb.change.parcels -> touch-parcels -> ebb.change.parcels'
  expect(log.linesOf(`event cycle: ${cycle}; a handler must break it`)).toHaveLength(1)
})

it('a table that is renamed is named, and read again under the name that a contract has', async () => {
  const { log, received } = await startReading(url, [takes('follow-parcels')])
  await query(url, 'alter table parcels rename to parcels_old')
  await query(url, 'create table parcels (like parcels_old including all); alter table parcels replica identity full')
  await query(url, `insert into parcels_old (id, status) values (1, 'nobody takes it')`)
  const published = `select prrelid::regclass::text as name from pg_publication_rel`
  await until('the new one is published', async () => {
    const names = (await query<{ name: string }>(url, published)).map(({ name }) => name)
    return names.includes('parcels') && !names.includes('parcels_old')
  })
  await query(url, `insert into parcels (id, status) values (2, 'packed')`)
  await until('it has come', () => received.length === 1)
  expect(dataOf(received)).toMatchObject([{ after: { id: 2 } }])
  await query(url, 'drop table parcels_old, parcels')
  await until(
    'it is named',
    () => log.count('changes of the table parcels cannot be read: there is no such table; was it renamed?') === 1,
  )
})

it('the slot goes when no contract has had a change for a while', async () => {
  const first = await startReading(url, [takes('follow-parcels')])
  await first.stop()
  const slots = 'select from pg_replication_slots where database = current_database()'
  expect(await query(url, slots)).toHaveLength(1)
  const { template } = await startSubscriber()
  const { log } = await startTestRelay(url, template, { subscriptions: [], env: { EBB_ABANDON_AFTER_MS: '1000' } })
  await until(
    'it is gone',
    () => log.count('no contract takes changes of tables any more; the replication slot is gone') === 1,
  )
  expect(await query(url, slots)).toHaveLength(0)
  expect(await query(url, 'select from pg_publication')).toHaveLength(0)
})
