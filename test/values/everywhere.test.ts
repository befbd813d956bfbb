import { beforeAll, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'

/** One column of each form that a value has. */
const COLUMNS = {
  whole: ['int8', '9007199254740991', 9007199254740991, z.int()],
  exact: ['numeric', '12345678901234567890.10', '12345678901234567890.10', z.string()],
  float: ['float8', '0.1', 0.1, z.number()],
  instant: ['timestamptz', '2026-01-02 03:04:05.123456+05:45', '2026-01-01T21:19:05.123456Z', z.iso.datetime()],
  local: ['timestamp', '2026-01-02 03:04:05.5', '2026-01-02T03:04:05.5', z.iso.datetime({ local: true })],
  day: ['date', '2026-01-02', '2026-01-02', z.iso.date()],
  span: ['interval', '1 day 02:00:00', 'P1DT2H', z.iso.duration()],
  instants: [
    'timestamptz[]',
    '{2026-01-02 03:04:05+00,NULL}',
    ['2026-01-02T03:04:05.000000Z', null],
    z.array(z.iso.datetime().nullable()),
  ],
  wholes: [
    'int8[]',
    '{{1,2},{3,4}}',
    [
      [1, 2],
      [3, 4],
    ],
    z.array(z.array(z.int())),
  ],
  document: ['jsonb', '{"a": [1, null, "x"]}', { a: [1, null, 'x'] }, z.unknown()],
  range: ['int4range', '[1,5)', '[1,5)', z.string()],
} as const

const of = (i: 0 | 1 | 2) => Object.fromEntries(Object.entries(COLUMNS).map(([name, column]) => [name, column[i]]))
const Thing = z.object(
  Object.fromEntries(Object.entries(COLUMNS).map(([name, [, , , schema]]) => [name, schema as z.ZodType])),
)

const contract = endpoint({
  ...{ name: 'tell-thing', summary: 'Tells of one of each.', method: 'POST', path: '/v1/things', body: Thing },
  ...{ reply: { status: 200, body: Thing }, access: { scopes: [] }, emits: { 'thing.read': Thing } },
})

const fn = testFunction(
  implement(contract, { sql: postgres }, async ({ body }, { sql, emit }) => {
    const row = await sql.one<typeof body>`
      select * from things where instant = ${body.instant} and exact = ${body.exact} and span = ${body.span}
        and instants = ${body.instants} and wholes = ${body.wholes} and document = ${body.document}`
    if (!row) throw new Error('what a caller got finds no row')
    await emit('thing.read', row)
    return row
  }),
)

beforeAll(async () => {
  const columns = Object.entries(COLUMNS).map(([name, [type]]) => `${name} ${type}`)
  await fn.query(`create table things (${columns.join()})`)
  const values = Object.values(of(1))
  await fn.query(`insert into things values (${values.map((_, i) => `$${i + 1}`).join()})`, values)
})

it('what a caller got comes back, finds its row, and is the same in the reply and in the event', async () => {
  const sent = of(2)
  const { body } = await (await fn.as({ sub: 'ada' })).post('/v1/things').send(sent).expect(200)
  expect(body).toEqual(sent)
  expect(await fn.query('select payload from ebb.outbox')).toEqual([{ payload: sent }])
})
