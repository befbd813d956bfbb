import { beforeAll, describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { CopyError, postgres, type Sql } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'

type Work = (sql: Sql, signal: AbortSignal) => Promise<unknown>
let work: Work = async () => undefined
let seen: unknown

/** A function whose handler is the test's own. */
const contract = endpoint({
  ...{ name: 'copy-rows', summary: 'Copy rows.', method: 'POST', path: '/v1/rows', access: { anonymous: true } },
  reply: { status: 204 },
})
const fn = testFunction(
  implement(contract, { sql: postgres }, async (_input, { sql, signal }) => {
    try {
      seen = await work(sql, signal)
    } catch (error) {
      seen = error
      throw error
    }
  }),
)
const readOnly = testFunction(
  implement(
    endpoint({
      ...{ name: 'read-rows', summary: 'Read rows.', method: 'GET', path: '/v1/rows', access: { anonymous: true } },
      reply: { status: 200, body: z.object({ message: z.string() }) },
    }),
    { sql: postgres },
    async (_input, { sql }) => {
      const message = await sql.copyInto('things', ['id'], []).catch((error: unknown) => String(error))
      return { message: String(message) }
    },
  ),
)

async function run(handle: Work, status = 204) {
  work = handle
  const agent = await fn.as({ sub: 'anonymous' })
  await agent.post('/v1/rows').expect(status)
  return seen
}
const stored = async () => (await fn.query('select * from things order by id')) as readonly Record<string, unknown>[]

beforeAll(async () => {
  await fn.query(`
    create table things (
      id int8 primary key, long_name text, at timestamptz, price numeric, ok bool, bytes bytea, tags text[], data jsonb,
      celsius float8 check (celsius > -274), small int2)`)
})

describe('sql.copyInto', () => {
  const at = '2026-01-02T03:04:05.123456Z'
  const rows = [
    {
      id: 1,
      longName: 'tab\t, \\N, line\nand \r\\',
      at,
      price: '1.50',
      ok: true,
      bytes: Buffer.from([0, 255, 92, 10]),
    },
    { id: 2n, longName: '', at: new Date(at), price: 12345678901234567890n, ok: null, bytes: null },
    { id: 3, longName: null, at: null, price: null, ok: 'f', bytes: new Uint8Array([1]) },
  ]
  const more = { tags: ['a,b', 'c"\\\t', null], data: { a: ['\n\\', 1] }, ignored: 1 }
  const columns = ['id', 'long_name', 'at', 'price', 'ok', 'bytes', 'tags', 'data'] as const

  it('writes values as statements do', async () => {
    const values = rows.map((row) => ({ ...row, ...more }))
    expect(await run((sql) => sql.copyInto('things', columns, values))).toBe(3)
    const copied = await stored()
    await fn.query('delete from things')
    await run(async (sql) => {
      for (const { id, longName, at, price, ok, bytes, tags, data } of values)
        await sql`insert into things values (${id}, ${longName}, ${at}, ${price}, ${ok}, ${bytes}, ${tags}, ${data})`
    })
    expect(copied).toEqual(await stored())
    expect(copied[0]).toMatchObject({ long_name: rows[0]?.longName, tags: more.tags, data: more.data })
    await fn.query('delete from things')
  })

  it('is part of the transaction, before and after other statements', async () => {
    await run(async (sql) => {
      await sql`insert into things (id) values (1)`
      const copied = await sql.copyInto(['public', 'things'], ['id'], numbers(2, 3))
      const [row] = await sql<{ all: number; timeout: string }>`
        select count(*)::int as all, current_setting('statement_timeout') as timeout from things`
      expect([copied, row?.all]).toEqual([2, 3])
      // As it was for the other statements.
      expect(row?.timeout).not.toBe('0')
    })
    expect(await stored()).toHaveLength(3)
    await run(async (sql) => {
      await sql.copyInto('things', ['id'], numbers(4, 5))
      throw new Error('later')
    }, 500)
    expect(await stored()).toHaveLength(3)
    await fn.query('delete from things')
  })

  it.each<[string, () => Iterable<object> | AsyncIterable<object>, object, RegExp]>([
    [
      'a value that the column does not take',
      () => numbers(1, 20_000, { 15001: { celsius: 'warm' } }),
      { row: 15_001, column: 'celsius', code: '22P02' },
      /^row 15001, column celsius: invalid input syntax for type double precision$/,
    ],
    [
      'a value that is none of its type',
      () => numbers(1, 20_000, { 15001: { celsius: [1] } }),
      { row: 15_001, column: 'celsius', code: undefined },
      /^row 15001, column celsius: the value is an array, and float8 takes/,
    ],
    [
      'no value',
      () => numbers(1, 3, { 2: { celsius: undefined } }),
      { row: 2, column: 'celsius' },
      /^row 2, column celsius: the value is undefined: where NULL is meant/,
    ],
    [
      'a value that a constraint refuses',
      () => numbers(1, 20_000, { 15001: { celsius: -300 } }),
      { row: 15_001, code: '23514' },
      /^row 15001: new row .* violates check constraint "things_celsius_check"$/,
    ],
    [
      'a key that is there',
      () => numbers(1, 20_000, { 15001: { id: 7 } }),
      { row: 15_001, column: 'id', code: '23505' },
      /^row 15001, column id: duplicate key value violates unique constraint "things_pkey"$/,
    ],
    ['no row', () => ['x' as never], { row: 1, column: undefined }, /^row 1: it is no object/],
  ])('stores nothing where one row has %s', async (_, rows, expected, message) => {
    const error = await run((sql) => sql.copyInto('things', ['id', 'celsius'], rows()), 500)
    expect(error).toBeInstanceOf(CopyError)
    expect(error).toMatchObject(expected)
    expect(String((error as Error).message)).toMatch(message)
    expect(await stored()).toEqual([])
  })

  it('is over as soon as the server refuses a row, though no other comes, and ends the rows', async () => {
    let ended = false
    async function* rows() {
      try {
        yield* numbers(1, 5_000, { 1: { celsius: 'warm' } })
        await new Promise((resolve) => setTimeout(resolve, 30_000).unref())
      } finally {
        ended = true
      }
    }
    const withoutWait = rows()
    const error = await run((sql) => sql.copyInto('things', ['id', 'celsius'], withoutWait), 500)
    expect([error instanceof CopyError, ended]).toEqual([true, false])
  })

  it('rejects with the error of its rows, and its connection is as before', async () => {
    async function* broken() {
      yield { id: 1 }
      throw new RangeError('no more')
    }
    const error = await run((sql) => sql.copyInto('things', ['id'], broken()), 500)
    expect(error).toEqual(new RangeError('no more'))
    expect(await stored()).toEqual([])
    expect(await run((sql) => sql.one`select 1 as n`)).toEqual({ n: 1 })
  })

  it('refuses statements meanwhile, in place of waiting for itself', async () => {
    const sentence = 'no statement runs while sql.copyInto takes its rows'
    const error = await run((sql) => {
      async function* reading() {
        yield { id: 1 }
        await sql`select 1`
      }
      return sql.copyInto('things', ['id'], reading())
    }, 500)
    expect(String(error)).toContain(sentence)
  })

  it.each<[string, Work, string]>([
    ['no table', (sql) => sql.copyInto('nothing', ['id'], []), 'relation "nothing" does not exist'],
    [
      'no column',
      (sql) => sql.copyInto('things', ['nothing'], []),
      'column "nothing" of relation "things" does not exist',
    ],
    ['no name', (sql) => sql.copyInto('', ['id'], []), 'is not a valid name'],
    ['COPY itself', (sql) => sql`copy things from stdin`, 'call `sql.copyInto(table, columns, rows)`'],
  ])('refuses %s', async (_, handle, sentence) => {
    expect(String(await run(handle, 500))).toContain(sentence)
  })

  it('refuses where a request only reads', async () => {
    const agent = await readOnly.as({ sub: 'anonymous' })
    const { body } = await agent.get('/v1/rows').expect(200)
    expect(body.message).toContain('sql.copyInto writes, and this request only reads')
  })
})

function* numbers(from: number, to: number, special: Readonly<Record<number, object>> = {}) {
  for (let id = from; id <= to; id++) yield { id, celsius: 20.5, ...special[id] }
}
