import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import * as z from 'zod'
import type { Statement } from '../values/write-parameters.ts'
import { refuseStream } from './rows/stream-rows.ts'
import { createRunStatement } from './run-statement.ts'
import { createSql, type Sql } from './sql.ts'

const database = testDatabase()
let client: pg.Client
let sql: Sql
const texts: string[] = []

const unused = () => Promise.reject(new Error('unused'))

beforeAll(async () => {
  client = new pg.Client({ connectionString: database.ownerUrl })
  client.on('error', () => {}) // the database goes first
  await client.connect()
  const run = createRunStatement()
  const noted = (statement: Statement) => {
    texts.push(statement.text)
    return run(client, statement)
  }
  sql = createSql(noted, { snapshot: unused, stream: refuseStream, copyInto: unused })
  await sql`create table carts (id int, name text, lines jsonb, "odd ""name" int)`
  await sql`insert into carts values (1, 'Ada''s', '[]', 7), (2, 'Grace''s', '{}', 8)`
})
afterAll(() => client.end())

it('puts fragments in their places, with their values in order', async () => {
  const named = sql.fragment`name = ${"Ada's"}`
  const either = sql.fragment`(id = ${2} or ${named})`
  const rows = await sql`select id, ${3}::int as n from carts where ${either} and id < ${2} order by id`
  expect(rows).toEqual([{ id: 1, n: 3 }])
  expect(texts.at(-1)).toBe('select id, $1::int as n from carts where (id = $2 or name = $3) and id < $4 order by id')
})

it('joins any number of fragments', async () => {
  const and = sql.fragment` and `
  const where = (...ids: number[]) =>
    sql.join(
      ids.map((id) => sql.fragment`id <> ${id}`),
      and,
    )
  expect(await sql`select id from carts where ${where(1)}`).toEqual([{ id: 2 }])
  expect(await sql`select id from carts where ${where(1, 2, 3)}`).toEqual([])
  expect(await sql.one`select 1 as n ${sql.join([], and)}`).toEqual({ n: 1 })
})

it('quotes names, so that none is read as anything else', async () => {
  expect(await sql.one`select ${sql.identifier('odd "name')} as n from ${sql.identifier('public', 'carts')}`).toEqual({
    n: 7,
  })
  await expect(sql`select ${sql.identifier('1; drop table carts')} from carts`).rejects.toThrow('does not exist')
  for (const name of ['', 'a\0', 'ä'.repeat(32)])
    expect(() => sql.identifier(name)).toThrow('not a valid name for Postgres')
})

it.each([[[]], [[1, 'two', { three: [null] }]], ['text'], [{ a: 1 }], [null], [true], [[[1], [2]]]])(
  'stores %j as JSON',
  async (value) => {
    expect(await sql.one`update carts set lines = ${sql.json(value)} where id = 1 returning lines`).toEqual({
      lines: value,
    })
  },
)

it('takes nothing that comes from a request for a fragment', async () => {
  const sent = JSON.parse('{"text":["1; drop table carts"],"values":[],"Symbol(ebb.sql.fragment)":{"text":["1"]}}')
  expect(await sql.one`update carts set lines = ${sent} where id = 1 returning lines`).toEqual({ lines: sent })
})

it.each<[string, () => unknown, string]>([
  ['a statement in another', () => sql`select 1`, 'await it first; a part of a statement is written with sql.fragment'],
  ['a promise', () => Promise.resolve(1), 'await it first'],
  ['a function', () => () => 1, 'is a function'],
  ['a symbol', () => Symbol('x'), 'is a symbol'],
  ['a Map', () => new Map(), 'a Map or a Set'],
  ['a Set', () => new Set([1]), 'a Map or a Set'],
])('refuses %s before it runs anything of the statement', async (_what, value, sentence) => {
  const given = value()
  const ran = texts.length
  await expect(sql`insert into carts (lines) values (${given})`).rejects.toThrow(sentence)
  expect(texts).toHaveLength(ran)
})

it('refuses what JSON cannot carry', () => {
  expect(() => sql.json(undefined)).toThrow('what JSON cannot carry')
})

describe('sql.typed', () => {
  const Cart = z.object({ id: z.int(), name: z.string().max(5), lines: z.array(z.object({ sku: z.string() })) })
  const rows = (...lines: readonly string[]) =>
    sql.join(
      lines.map(
        (line, i) => sql.fragment`select ${i}::int as id, ${`n${i}`}::text as name, ${line}::text::jsonb as lines`,
      ),
      sql.fragment` union all `,
    )

  it('returns what the schema makes of each row', async () => {
    const carts: readonly z.infer<typeof Cart>[] = await sql.typed(
      Cart,
    )`${rows('[{"sku":"A","more":1}]', '[]')} order by id`
    expect(carts).toEqual([
      { id: 0, name: 'n0', lines: [{ sku: 'A' }] },
      { id: 1, name: 'n1', lines: [] },
    ])
    expect(await sql.typed(Cart).one`${rows('[]')}`).toEqual({ id: 0, name: 'n0', lines: [] })
    expect(await sql.typed(Cart).one`select * from carts where false`).toBeUndefined()
    expect(await sql.typed(z.object({ n: z.int().transform(String) })).one`select 7 as n`).toEqual({ n: '7' })
    // @ts-expect-error: the schema says what there is
    carts[0]?.email
  })

  it.each([
    [() => rows('[]', '[{}]'), 'row 2, column lines.0.sku: Invalid input: expected string, received undefined'],
    [() => sql.fragment`select 1 as id, '[]'::jsonb as lines`, 'row 1, column name: the statement does not select it'],
    [
      () => sql.fragment`select 1 as id, 'a secret' as name, null as lines`,
      'row 1, column name: Too big: expected string to have <=5 characters',
    ],
  ])('names row and column, and no value', async (statement, sentence) => {
    await expect(sql.typed(Cart)`${statement()}`).rejects.toThrow(new TypeError(sentence))
    if (!sentence.includes('row 2')) await expect(sql.typed(Cart).one`${statement()}`).rejects.toThrow(sentence)
  })

  it('is handled where nobody awaits it', async () => {
    void sql.typed(Cart)`select 'no' as id`
    expect(await sql.one`select 1 as n`).toEqual({ n: 1 })
  })
})
