import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import fc from 'fast-check'
import pg from 'pg'
import { refuseStream } from '../../src/data/postgres/rows/stream-rows.ts'
import { createRunStatement } from '../../src/data/postgres/run-statement.ts'
import { createSql, type Sql } from '../../src/data/postgres/sql.ts'
import { SEED } from '../support/seed.ts'

const RUNS = { numRuns: 300, seed: SEED }

const database = testDatabase()
const clients: pg.Client[] = []
let sql: Sql
/** Postgres' own text, in its own style of intervals. */
let oracle: pg.Client

const unused = () => Promise.reject(new Error('unused'))

beforeAll(async () => {
  const [client, other] = [connect(), connect()]
  await Promise.all([client.connect(), other.connect()])
  await other.query('set intervalstyle to iso_8601')
  const run = createRunStatement()
  sql = createSql((statement) => run(client, statement), { snapshot: unused, stream: refuseStream, copyInto: unused })
  oracle = other
})
afterAll(() => Promise.all(clients.map((client) => client.end())))

function connect(): pg.Client {
  const client = new pg.Client({ connectionString: database.ownerUrl })
  client.on('error', () => {}) // the database goes first
  clients.push(client)
  return client
}

const storable = fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed() && !text.includes('\0'))
const json = fc
  .jsonValue()
  .filter((value) => typeof value !== 'string' && value !== null && isStorable(JSON.stringify(value)))
const isStorable = (text: string) => !/\\u(0000|d[89a-f])/.test(text)

it.each<[string, fc.Arbitrary<unknown>]>([
  ['text', storable],
  ['float8', fc.double()],
  ['int8', fc.maxSafeInteger()],
  ['bool', fc.boolean()],
  ['bytea', fc.uint8Array().map((bytes) => Buffer.from(bytes))],
  ['jsonb', json.map((value) => JSON.parse(JSON.stringify(value)))],
  ['text[]', fc.array(fc.option(storable))],
  ['float8[]', fc.array(fc.double())],
  ['bytea[]', fc.array(fc.uint8Array().map((bytes) => Buffer.from(bytes)))],
  ['jsonb[]', fc.array(fc.dictionary(fc.string(), fc.integer()).filter((value) => isStorable(JSON.stringify(value))))],
  [
    'text[]',
    fc.tuple(fc.nat(4), fc.nat(3)).chain(([rows, columns]) => {
      const size = (length: number) => ({ minLength: length + 1, maxLength: length + 1 })
      return fc.array(fc.array(fc.option(storable), size(columns)), size(rows))
    }),
  ],
])('any value of %s comes out as it went in', async (type, values) => {
  const cast = sql.fragment(Object.assign([`::${type}`], { raw: [] }))
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      expect(await sql`select ${value}${cast} as v`).toEqual([{ v: value }])
    }),
    RUNS,
  )
})

it('any time goes in and comes out as its milliseconds say', async () => {
  const times = fc.date({ min: new Date('-004000-01-01'), max: new Date('+200000-01-01'), noInvalidDate: true })
  await fc.assert(
    fc.asyncProperty(times, async (time) => {
      const row = await sql.one<{ at: string; ms: number; local: number }>`
        select ${time}::timestamptz as at, (extract(epoch from ${time}::timestamptz) * 1000)::int8 as ms,
               (extract(epoch from ${time}::timestamp at time zone 'UTC') * 1000)::int8 as local`
      expect([row?.ms, row?.local]).toEqual([time.getTime(), time.getTime()])
      const isInRange = time.getUTCFullYear() > 0 && time.getUTCFullYear() < 10_000
      if (isInRange) expect(row?.at).toBe(time.toISOString().replace('Z', '000Z'))
      expect(
        await sql`select from (select ${row?.at ?? null}::timestamptz as at) as again where at = ${time}`,
      ).toHaveLength(1)
    }),
    RUNS,
  )
})

it('any interval comes out as Postgres itself writes ISO 8601', async () => {
  const part = (most: number) => fc.integer({ min: -most, max: most })
  await fc.assert(
    fc.asyncProperty(part(9_999), part(99), part(9_999), part(3_600_000_000 * 30), async (...parts) => {
      const written = `${parts[0]} years ${parts[1]} mons ${parts[2]} days ${parts[3]} microseconds`
      const { rows } = await oracle.query('select $1::interval::text as text', [written])
      expect(await sql.one`select ${written}::interval as text`).toEqual(rows[0])
    }),
    RUNS,
  )
})
