import { tracingChannel } from 'node:diagnostics_channel'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { POSTGRES_CHANNEL, type Statement } from '../../telemetry/index.ts'
import { refuseStream } from './rows/stream-rows.ts'
import { createRunStatement } from './run-statement.ts'
import { createSql } from './sql.ts'

const database = testDatabase()
let client: pg.Client

const unused = () => Promise.reject(new Error('unused'))

beforeAll(async () => {
  client = new pg.Client({ connectionString: database.ownerUrl })
  client.on('error', () => {}) // the database goes first
  await client.connect()
})
afterAll(() => client.end())

/** As in a process that has run no statement yet. */
function open() {
  const run = createRunStatement()
  return createSql((statement) => run(client, statement), { snapshot: unused, stream: refuseStream, copyInto: unused })
}

it.each([
  ['1 as id, 2 as id', 'columns 1 "id" and 2 "id" would both be id'],
  ['1 as user_id, 2 as x, 3 as "userId"', 'columns 1 "user_id" and 3 "userId" would both be userId'],
  ['1, 2', 'columns 1 "?column?" and 2 "?column?" would both be ?column?'],
])('refuses two columns of one name: select %s', async (columns, sentence) => {
  const sql = open()
  await expect(sql(Object.assign([`select ${columns}`], { raw: [] }))).rejects.toThrow(sentence)
})

it('refuses them before the statement has run', async () => {
  const sql = open()
  await sql`create temporary table notes (id int)`
  await expect(sql`insert into notes values (1) returning id, id`).rejects.toThrow('give one another name with `as`')
  expect(await sql`select id from notes`).toEqual([])
})

it('keeps a name that is not the camelCase of another one', async () => {
  const sql = open()
  const row =
    await sql.one`select 1 as _hidden, 2 as line_1_2, 3 as line_12, 4 as a__b, 5 as line_1, 6 as "__proto__", 7 as "Odd name", 8 as trailing_`
  expect(Object.entries(row ?? {})).toEqual([
    ...[
      ['_hidden', 1],
      ['line1_2', 2],
      ['line12', 3],
      ['a__b', 4],
      ['line1', 5],
      ['__proto__', 6],
    ],
    ...[
      ['Odd name', 7],
      ['trailing_', 8],
    ],
  ])
})

it('describes a statement once, and again where a migration has changed it', async () => {
  const sql = open()
  await sql`create table kept (v text)`
  const insert = (value: unknown) => sql`insert into kept values (${value}) returning v`
  expect(await insert('5')).toEqual([{ v: '5' }])
  await expect(insert([1])).rejects.toThrow('text takes a string')
  await client.query('alter table kept alter v type jsonb using to_jsonb(v)')
  await expect(insert('5')).rejects.toThrow('is of type jsonb but expression is of type text')
  await expect(insert('5')).rejects.toThrow('may be JSON or a value of JSON')
  expect(await insert([1])).toEqual([{ v: [1] }])
  await client.query(
    `create type mood as enum ('sad'); delete from kept; alter table kept alter v type mood[] using null`,
  )
  expect(await sql`insert into kept values (array['sad']::mood[]) returning v`).toEqual([{ v: ['sad'] }])
  await expect(insert(['sad', null])).rejects.toThrow('is of type mood[] but expression is of type jsonb')
  expect(await insert(['sad', null])).toEqual([{ v: ['sad', null] }])
})

it('names which of many parameters it is, and the text before it', async () => {
  const sql = open()
  const values = Array.from({ length: 12 }, (_, i) => sql.fragment`${i === 10 ? '' : i}::int4`)
  await expect(sql`select ${sql.join(values, sql.fragment`, `)}`).rejects.toThrow('would both be int4')
  const list = sql.fragment`array[${sql.join(values, sql.fragment`, `)}]`
  await expect(sql`select ${list}`).rejects.toThrow(
    'parameter $11 (int4, near `int4, $8::int4, $9::int4, $10::int4, $11`) is not a valid text of that type',
  )
})

it('keeps the transaction good after a refusal', async () => {
  const sql = open()
  await client.query('begin')
  await expect(sql`select ${1.5}::int4`).rejects.toThrow('int4 takes a whole number')
  await expect(sql`select ${new Map()}`).rejects.toThrow('a Map or a Set')
  expect(await sql`select ${1}::int4 as one`).toEqual([{ one: 1 }])
  await client.query('rollback')
})

it.each([
  ['Asia/Kathmandu', '2026-01-02 00:00:00+00', '2026-01-02T00:00:00.000000Z'],
  ['America/New_York', '1850-01-01 00:00:00.5+00', '1850-01-01T00:00:00.500000Z'],
  ['Asia/Kathmandu', '0001-01-01 00:00:00+00', '0001-01-01T00:00:00.000000Z'],
  ['Asia/Kathmandu', '9999-12-31 23:59:59.999999+00', '9999-12-31 23:59:59.999999+00'],
])('a server in %s says the same time: %s', async (zone, time, text) => {
  const sql = open()
  await client.query(`begin; set local timezone to '${zone}'`)
  const row = await sql.one<{ at: string; same: boolean }>`select ${time}::timestamptz as at`
  expect(await sql.one`select ${row?.at ?? null}::timestamptz = ${time}::timestamptz as same`).toEqual({ same: true })
  await client.query('rollback')
  if (row?.at.includes('T')) expect(row.at).toBe(text)
})

it.each([
  ['datestyle', 'German', `'2026-01-02'::date`],
  ['datestyle', 'SQL', `'2026-01-02 03:04:05'::timestamp`],
  ['datestyle', 'Postgres', `'2026-01-02 03:04:05+00'::timestamptz`],
  ['intervalstyle', 'postgres_verbose', `interval '1 day 2 hours'`],
  ['bytea_output', 'escape', `'\\x00'::bytea`],
])('refuses what a server of %s %s writes', async (setting, style, value) => {
  const sql = open()
  await client.query(`begin; set local ${setting} to ${style}`)
  const read = sql(Object.assign([`select ${value} as v`], { raw: [] }))
  await expect(read).rejects.toThrow('the column v')
  await client.query('rollback')
})

it('says how to write a row of a named type, which Postgres itself does not infer', async () => {
  const sql = open()
  await sql`create type pair as (x int4, label text)`
  await sql`create table pairs (v pair)`
  await sql`insert into pairs values (${'(1,a)'})`
  await expect(sql`select v from pairs where v = ${'(1,a)'}`).rejects.toThrow('cast it to the type of the row')
  expect(await sql`select v from pairs where v = ${'(1,a)'}::pair`).toEqual([{ v: '(1,a)' }])
})

it('publishes a statement that is refused before it runs as one that failed', async () => {
  const failed: unknown[] = []
  const note = ({ text, error }: Statement & { readonly error: unknown }) =>
    void failed.push([text, Object(error).code])
  const channel = tracingChannel<Statement>(POSTGRES_CHANNEL)
  channel.error.subscribe(note as (message: unknown) => void)
  await expect(open()`select from nowhere`).rejects.toThrow('does not exist')
  channel.error.unsubscribe(note as (message: unknown) => void)
  expect(failed).toEqual([['select from nowhere', '42P01']])
})
