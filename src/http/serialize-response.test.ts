import { beforeAll, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'

const Item = z.object({ id: z.union([z.string(), z.number()]).optional() })

/** Makes an item under the id that the request asks for. */
const makeItem = endpoint({
  name: 'make-item',
  summary: 'Makes an item.',
  method: 'POST',
  path: '/v1/items',
  body: z.object({ shape: z.string(), n: z.int() }),
  reply: { status: 201, body: Item, location: '/v1/items/{id}' },
  access: {},
})

const IDS: Readonly<Record<string, string | number>> = {
  ...{ plain: 'a-1', number: 7, text: 'a b%?#"\u00e9', dots: 'a..', long: 'x'.repeat(7_000) },
  ...{
    slash: 'a/b',
    backslash: 'a\\b',
    empty: '',
    here: '.',
    up: '..',
    nul: 'a\0b',
    line: 'a\r\nb',
    control: '\u0007',
  },
  ...{ half: 'A\udc00B', huge: 'x'.repeat(20_000), wide: '\u2603'.repeat(1_000) },
}
const LEADS: Readonly<Record<string, string>> = {
  ...{ plain: '/v1/items/a-1', number: '/v1/items/7', text: '/v1/items/a%20b%25%3F%23%22%C3%A9' },
  ...{ dots: '/v1/items/a..', long: `/v1/items/${'x'.repeat(7_000)}` },
}

const fn = testFunction(
  implement(makeItem, { sql: postgres }, async ({ body }, { sql }) => {
    await sql`insert into items (shape) values (${body.shape})`
    return { id: IDS[body.shape] }
  }),
)

beforeAll(async () => {
  await fn.query('create table items (shape text)')
})

it.each([...Object.keys(IDS), 'none'])('a Location leads to the new item, or none is made: %s', async (shape) => {
  const caller = await fn.as({ sub: 'ada' })
  const response = await caller.post('/v1/items').send({ shape, n: 1 })
  const rows = await fn.query('select 1 from items where shape = $1', [shape])
  const leads = LEADS[shape]
  expect([response.status, response.headers.location, rows.length]).toEqual(
    leads === undefined ? [500, undefined, 0] : [201, leads, 1],
  )
})

/** What a handler may have from a cache or from another service. */
const REPLIES: Readonly<Record<string, unknown>> = {
  plain: ['Zo\u00eb \u2603 \ud834\udd1e', '\\u0000', '\\ud800', ...Array(10_001).fill(0)],
  'half a pair': { a: ['A\udc00B'] },
  'half a pair in a name': { 'a\ud800': 1 },
  'U+0000': [{ a: 'a\0b' }],
}

const replies = testFunction(
  implement(
    endpoint({
      name: 'read-thing',
      summary: 'Answers what its caller names.',
      method: 'POST',
      path: '/v1/things',
      reads: true,
      body: z.object({ what: z.string() }),
      reply: { status: 200, body: z.unknown() },
      access: {},
    }),
    {},
    async ({ body: { what } }) => REPLIES[what],
  ),
)

it.each(Object.keys(REPLIES))('%s is sent only if a strict reader can parse it', async (what) => {
  const caller = await replies.as({ sub: 'ada' })
  const { status, body } = await caller.post('/v1/things').send({ what })
  expect(status).toBe(what === 'plain' ? 200 : 500)
  if (status === 200) expect(body).toEqual(REPLIES[what])
})
