import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { postgres, type Sql } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'
import { untilTrue } from '../../../../test/support/until.ts'
import { registerSecrets } from '../../../kernel/index.ts'

const Item = z.object({
  id: z.int(),
  name: z.string().max(20).nullable(),
  kind: z.enum(['a', 'b']).optional(),
  note: z.string(),
  at: z.iso.datetime().nullable(),
  celsius: z.number().nullable(),
  small: z.int().min(0).nullable(),
  ok: z.boolean().nullable(),
  price: z.string().nullable(),
})
type Item = z.infer<typeof Item>
type Work = (sql: Sql) => AsyncIterable<object>
let work: Work

/** A function that streams what a test says, by a schema of the test's choice. */
const streaming = <S extends z.ZodType>(name: string, item: S) =>
  testFunction(
    implement(
      endpoint({
        ...{ name, summary: 'List items.', method: 'GET', path: `/v1/${name}`, access: { anonymous: true } },
        reply: { status: 200, stream: { type: 'application/x-ndjson', item } },
      }),
      { sql: postgres },
      // What does not fit is what is tested.
      async (_input, { sql }) => work(sql) as never,
    ),
  )
const plain = streaming('plain', Item)
const refined = streaming(
  'refined',
  Item.refine(({ id }) => id !== 13),
)

async function open(handle: Work, fn = plain) {
  work = handle
  const name = fn === plain ? 'plain' : 'refined'
  const call = request(`${await fn.address()}/v1/${name}`, { headers: await fn.headers({ sub: 'anonymous' }) }).end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  return { call, response }
}

/** What comes, up to where it breaks off. */
async function get(handle: Work, fn = plain) {
  const { response } = await open(handle, fn)
  let text = ''
  let isWhole = true
  try {
    for await (const chunk of response.setEncoding('utf8')) text += chunk
  } catch {
    isWhole = false
  }
  return { status: response.statusCode, text, isWhole }
}

const select = (sql: Sql) => sql.stream<Item>`select *, 7 as more from items order by id`
/** The same rows as objects, one by one. */
async function* asObjects(sql: Sql) {
  yield* await sql<Item>`select *, 7 as more from items order by id`
}
const running = (text: string) =>
  plain.query(`select from pg_stat_activity where query like $1 and state = 'active' and pid <> pg_backend_pid()`, [
    `${text}%`,
  ])

beforeAll(async () => {
  for (const fn of [plain, refined]) {
    await fn.query(`
      create table items (
        small int2, id int8 primary key, at timestamptz, name text, kind text not null, note varchar not null, ok bool,
        celsius float8, price numeric(30, 2))`)
    await fn.query(`
      insert into items values
      (1, 1, '2026-01-02T03:04:05Z', 'ada', 'a', '', true, 20.5, 1.50),
      (null, 2, null, null, 'b', 'quote " backslash \\ tab \t line \n U+0001 \u0001 nul-free', false, null, null),
      (0, 3, '2026-01-02T03:04:05.1234Z', 'zwölf 🎉 𝄞', 'a', 'ü', null, -0.0000001, 12345678901234567890.12),
      (32767, 9007199254740991, '0001-01-01T00:00:00Z', '', 'b', repeat('"', 5000), true, 1e300, 0),
      (7, -9007199254740991, '9999-12-31T23:59:59.999999Z', 'é', 'a', repeat('x', 70000), true, -1, -1)`)
    await fn.query(`insert into items (id, kind, note) select i, 'a', 'row' from generate_series(100, 5000) as i`)
  }
})

describe('sql.stream', () => {
  it('sends the lines that the same rows would be as objects, where each is taken as it is and where not', async () => {
    const expected = await get(asObjects)
    expect([expected.status, expected.isWhole]).toEqual([200, true])
    const parse = ({ text }: typeof expected) =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    for (const fn of [plain, refined]) {
      const lines = await get(select, fn)
      expect({ ...lines, text: '' }).toEqual({ ...expected, text: '' })
      expect(parse(lines)).toEqual(parse(expected))
    }
    const first = (await get((sql) => sql.stream`select * from items where id = 1`)).text
    expect(first).toBe(
      '{"id":1,"name":"ada","kind":"a","note":"","at":"2026-01-02T03:04:05.000000Z","celsius":20.5,"small":1,"ok":true,"price":"1.50"}\n',
    )
  })

  it('takes values', async () => {
    const { text } = await get(
      (sql) => sql.stream`select * from items where id = any(${[1, 3]}) and ok is not distinct from ${null}::bool`,
    )
    expect(
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line).id),
    ).toEqual([3])
  })

  it('is an iterable of rows for the handler, in camelCase', async () => {
    async function* some(sql: Sql) {
      for await (const row of sql.stream<{ itemId: number }>`select id as item_id from items order by id`) {
        yield { id: row.itemId, note: '', name: null, at: null, celsius: null, small: null, ok: null, price: null }
        if (row.itemId === 3) return
      }
    }
    expect((await get(some)).text.split('\n')).toHaveLength(5)
  })

  it.each<[string, string]>([
    ['a text that is too long', `repeat('ü', 21) as name`],
    ['a value that is none of an enum', `'c' as kind`],
    ['a number that is too small', `(-1)::int2 as small`],
    ['what is no finite number', `'NaN'::float8 as celsius`],
    ['a time before all times', `'-infinity'::timestamptz as at`],
    ['NULL where there has to be a value', `null::text as note`],
    ['a value of another type', `'1' as id`],
    ['a number with more digits than one of JavaScript', `9007199254740993 as id`],
    ['JSON', `'{}'::jsonb as note`],
  ])('breaks off at a row with %s, and answers 500 where it is the first', async (_, column) => {
    const [, name = ''] = / as (\w+)$/.exec(column) ?? []
    const others = Object.keys(Item.shape).filter((one) => one !== name)
    const bad = `select ${others.join(', ')}, ${column} from items where id = 1`
    expect((await get((sql) => sql.stream([bad] as never))).status).toBe(500)
    // Of one type in all rows.
    const typed = column.replace(/ as \w+$/, '')
    const mixed = `select ${others.join(', ')}, case when id = 4000 then ${typed} else ${typed.includes("'1'") ? 'id::text' : `(${name})`} end as ${name} from items where id between 100 and 5000 order by id`
    if (['id', 'note'].includes(name) && !column.startsWith('null')) return
    const { status, text, isWhole } = await get((sql) => sql.stream([mixed] as never))
    expect([status, isWhole]).toEqual([200, false])
    expect(text).not.toContain('"id":4000,')
  })

  it('sends no value of a secret', async () => {
    registerSecrets('a-secret "quoted" value')
    const bad = `select * from items where id = 2 union all select small, 2, at, name, kind, 'a-secret "quoted" value', ok, celsius, price from items where id = 1`
    const { status, text } = await get((sql) => sql.stream([bad] as never))
    expect([status, text.includes('a-secret')]).toEqual([500, false])
  })

  it('runs no other statement meanwhile, and again one after its end', async () => {
    const errors: string[] = []
    async function* together(sql: Sql) {
      for await (const row of select(sql)) {
        await sql`select 1`.catch((error: unknown) => errors.push(String(error)))
        await sql.snapshot(async () => 1).catch((error: unknown) => errors.push(String(error)))
        yield row
        break
      }
      await sql`select 1`
      for await (const row of select(sql)) {
        yield row
        break
      }
    }
    const { text, isWhole } = await get(together)
    expect([text.split('\n').length, isWhole]).toEqual([3, true])
    expect(errors).toEqual(Array(2).fill(expect.stringContaining('no other statement runs while the rows')))
  })

  it('has the server stop where its caller goes half-way, and its connection serves the next one', async () => {
    const endless = (sql: Sql) => sql.stream`
      select one.* from items as one, items as endless, items as more where one.id >= 100`
    for (let i = 0; i < 3; i++) {
      const { call, response } = await open(endless)
      await once(response, 'data')
      response.pause()
      expect(await running('%items as endless%')).toHaveLength(1)
      call.destroy()
      await untilTrue(async () => (await running('%items as endless%')).length === 0)
    }
    expect((await get((sql) => sql.stream`select * from items where id = 1`)).isWhole).toBe(true)
  })

  it('rejects with the error of the server, before the first row and after many', async () => {
    expect((await get((sql) => sql.stream`select * from nothing`)).status).toBe(500)
    const late = (sql: Sql) =>
      sql.stream`select *, 1 / (id - 4000) as more from (select * from items where id >= 100 order by id offset 0) as sorted`
    const { status, isWhole } = await get(late)
    expect([status, isWhole]).toEqual([200, false])
    expect((await get((sql) => sql.stream`select * from items where id = 1`)).isWhole).toBe(true)
  })

  it('cannot write', async () => {
    expect(
      (await get((sql) => sql.stream`insert into items (id, kind, note) values (0, 'a', '') returning *`)).status,
    ).toBe(500)
    expect(await plain.query('select from items where id = 0')).toHaveLength(0)
  })
})
