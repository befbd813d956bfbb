import { beforeEach, expect, it } from '@jest/globals'
import { change, subscriber } from 'ebb/contract'
import { testDatabase } from 'ebb/testing'
import * as z from 'zod'
import { describeSubscriber } from '../../../src/contract/index.ts'
import { query } from '../test-outbox.ts'
import { until } from '../test-support.ts'
import { dataOf, makeParcels, Row, startReading as start, takes } from './test-support.ts'

const { url } = testDatabase()
beforeEach(() => makeParcels(url))
const startReading = (subscriptions: Parameters<typeof start>[1]) => start(url, subscriptions)

it('what another program does to a row is an event each, in order, with the row before and after', async () => {
  const { received } = await startReading([takes('follow-parcels')])
  await query(url, `insert into parcels (id, status, weight_g) values (1, 'packed', 500)`)
  await query(url, `update parcels set status = 'sent' where id = 1`)
  await query(url, 'delete from parcels where id = 1')
  await until('three have come', () => received.length === 3)
  const packed = { id: 1, status: 'packed', weightG: 500 }
  const sent = { ...packed, status: 'sent' }
  const place = {
    position: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+\/0$/),
    committedAt: expect.stringMatching(/Z$/),
  }
  expect(dataOf(received)).toEqual([
    { ...place, operation: 'insert', after: packed },
    { ...place, operation: 'update', changed: ['status'], before: packed, after: sent },
    { ...place, operation: 'delete', before: sent },
  ])
  expect(received.map(({ headers }) => [headers['ce-type'], headers['ce-source'], headers['ce-subject']])).toEqual(
    Array.from({ length: 3 }, () => ['ebb.change.parcels', '/changes/parcels', '1']),
  )
})

it('a large value that an update leaves alone is in both rows', async () => {
  const note = (n: number) => `(select string_agg(md5(i::text), '') from generate_series(${n}, ${n} + 2000) as i)`
  await query(url, `insert into parcels (id, status, note) values (1, 'packed', ${note(1)})`)
  const row = z.object({ id: z.int(), status: z.string(), note: z.string() })
  const { received } = await startReading([
    describeSubscriber(subscriber({ name: 'follow-notes', summary: 'A test.', on: change('parcels', { row }) })),
  ])
  await query(url, `update parcels set status = 'sent'`)
  await until('it has come', () => received.length === 1)
  const [{ changed, before, after }] = dataOf(received) as [
    { changed: string[]; before: { note: string }; after: { note: string } },
  ]
  expect([changed, after.note.length, after.note === before.note]).toEqual([['status'], 64_032, true])
})

it('each subscriber gets the operations and the columns that it takes, and nobody what is rolled back', async () => {
  const { received } = await startReading([
    takes('status-only', { columns: ['status'], operations: ['update'] }),
    takes('new-ones', { operations: ['insert', 'truncate'] }),
  ])
  await query(url, `begin; insert into parcels (id, status) values (9, 'lost'); rollback`)
  await query(url, `insert into parcels (id, status, note) values (1, 'packed', 'a')`)
  await query(url, `update parcels set weight_g = 7`)
  await query(url, `update parcels set note = 'b'`)
  await query(url, `update parcels set status = 'sent'`)
  await query(url, 'truncate parcels')
  await until('three have come', () => received.length === 3)
  const taken = received.map(({ url: path, body }) => `${path} ${JSON.parse(body).operation}`).sort()
  expect(taken).toEqual(['/new-ones/ insert', '/new-ones/ truncate', '/status-only/ update'])
  const events = await query(url, `select payload ->> 'operation' as operation from ebb.outbox`)
  expect(events).toHaveLength(3)
})

it('values come as docs/values.md says; one that JSON cannot carry is a dead letter', async () => {
  await query(
    url,
    `drop table if exists things;
     create type mood as enum ('sad', 'ok');
     create table things (id int8 primary key, price numeric(10,2), at timestamptz, day date, took interval, tags text[], moods mood[], data jsonb,
                          ratio float8, ok bool);
     alter table things replica identity full`,
  )
  const row = z.object({
    ...{ id: z.int(), price: z.string(), at: z.string(), day: z.string(), took: z.string(), tags: z.array(z.string()) },
    ...{ moods: z.array(z.string()), data: z.json(), ratio: z.number(), ok: z.boolean().nullable() },
  })
  const { received } = await startReading([
    describeSubscriber(subscriber({ name: 'follow-things', summary: 'A test.', on: change('things', { row }) })),
  ])
  const values = `1.50, '2026-01-02 03:04:05.123456+05:45', '2026-01-02', '1 day 2 hours', '{a,"b c"}', '{sad,ok}', '{"n": [1, null]}'`
  await query(
    url,
    `set timezone = 'Asia/Tokyo'; insert into things values (1, ${values}, 0.1, null), (9007199254740993, ${values}, 'NaN', true)`,
  )
  await until('two have come', () => received.length === 2)
  const [first, second] = dataOf(received.toSorted((one, other) => one.body.length - other.body.length).reverse()) as [
    { readonly after: unknown },
    { readonly unreadable: string },
  ]
  expect(first.after).toEqual({
    ...{
      id: 1,
      price: '1.50',
      at: '2026-01-01T21:19:05.123456Z',
      day: '2026-01-02',
      took: 'P1DT2H',
      tags: ['a', 'b c'],
    },
    ...{ moods: ['sad', 'ok'], data: { n: [1, null] }, ratio: 0.1, ok: null },
  })
  expect(second).toMatchObject({ operation: 'insert', unreadable: expect.stringContaining('too large for a number') })
})

it('a table that cannot be read is named once, with what to do, and the others are read', async () => {
  await query(
    url,
    `drop table if exists keyless, forgetful; create table keyless (id int, status text, weight_g int);
     create table forgetful (id int primary key, status text, weight_g int, photo bytea)`,
  )
  const { log, received } = await startReading([
    ...[takes('a', {}, 'missing'), takes('b', {}, 'keyless'), takes('c', {}, 'forgetful'), takes('d')],
    takes('e', { operations: ['insert'], row: Row.extend({ colour: z.string() }) as unknown as typeof Row }),
  ])
  const said = () =>
    log
      .lines()
      .filter(({ msg }) => msg.startsWith('changes of the table'))
      .map(({ msg }) => msg)
  expect(said()).toEqual([
    "changes of the table forgetful cannot be read: the log has no old rows of it: write `alter table forgetful replica identity full` in a migration, or take `operations: ['insert']`",
    'changes of the table keyless cannot be read: it has no primary key, by which its events are told apart; give it one',
    'changes of the table missing cannot be read: there is no such table; was it renamed?',
    'changes of the table parcels do not fit a contract, and are dead letters: it has no column for `colour` of `row`; there are id, status, weightG, note, madeAt',
  ])
  await query(url, `insert into parcels (id, status) values (1, 'packed')`)
  await until('it has come', () => received.some(({ url: path }) => path === '/d/'))
})

it('a partitioned table has its own name, and a key of several columns is a subject of several parts', async () => {
  await query(
    url,
    `drop table if exists visits; create table visits (shop text, day date, n int, primary key (shop, day)) partition by range (day);
     create table visits_2026 partition of visits for values from ('2026-01-01') to ('2027-01-01');
     alter table visits_2026 replica identity full`,
  )
  const row = z.object({ shop: z.string(), day: z.iso.date(), n: z.int() })
  const { received } = await startReading([
    describeSubscriber(subscriber({ name: 'follow-visits', summary: 'A test.', on: change('visits', { row }) })),
  ])
  await query(url, `insert into visits values ('a,b', '2026-02-03', 1)`)
  await query(url, 'update visits set n = 2')
  await until('two have come', () => received.length === 2)
  expect(
    received.map(({ headers }) => [headers['ce-type'], decodeURIComponent(String(headers['ce-subject']))]),
  ).toEqual(Array.from({ length: 2 }, () => ['ebb.change.visits', 'a%2Cb,2026-02-03']))
  expect(dataOf(received)[1]).toMatchObject({ changed: ['n'], before: { n: 1 }, after: { n: 2 } })
})
