import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { endpoint } from '../../contract/index.ts'
import { optionalFieldsOf } from '../../contract/optional-fields.ts'
import { createFindSent } from './sent-fields.ts'
import { testGateway } from './test-support.ts'

const Line = z.object({
  sku: z.string(),
  note: z.string().optional(),
  gift: z.object({ card: z.string().default('') }).optional(),
})
const contract = endpoint({
  ...{ name: 'place-order', summary: 'A test.', method: 'POST', path: '/v1/orders' },
  query: z.object({ dry: z.boolean().default(false), tag: z.array(z.string()).optional(), shop: z.string() }),
  body: z.object({
    lines: z.array(Line),
    pay: z.union([
      z.object({ by: z.literal('card'), token: z.string().nullable().optional() }),
      z.object({ by: z.literal('bill') }),
    ]),
    more: z.record(z.string(), z.string()).optional(),
  }),
  reply: { status: 201, body: z.object({}) },
  access: {},
})
const OPTIONAL = [
  ...[
    'query.dry',
    'query.tag',
    'body.lines[].note',
    'body.lines[].gift',
    'body.lines[].gift.card',
    'body.pay.token',
    'body.more',
  ],
]

it('what callers may leave out is read from the schemas', () => {
  expect(optionalFieldsOf(contract)).toEqual(OPTIONAL)
})

it('what a request has of that is found, by the names of the contract alone', () => {
  const find = createFindSent(OPTIONAL)
  expect(find({ shop: ['a'] }, { lines: [{ sku: 'a' }], pay: { by: 'bill' } })).toEqual([])
  const body = {
    lines: [{ sku: 'a' }, { sku: 'b', note: '', gift: { card: 'x', ribbon: 1 } }],
    pay: { by: 'card', token: null },
    more: { 'body.secret': 'x' },
  }
  expect(find({ dry: ['true'], other: ['1'] }, body)).toEqual(OPTIONAL.filter((field) => field !== 'query.tag'))
  // What is sent is no promise of what the contract says.
  for (const odd of [undefined, null, 'x', [1], { lines: { note: 1 } }, { lines: [null, 'x'] }])
    expect(find({}, odd)).toEqual([])
  expect(find({}, JSON.parse('{"__proto__":{"more":1},"lines":[]}'))).toEqual([])
})

it('a request that fits is counted once, with who is to be asked; one that is refused is not', async () => {
  const used: unknown[] = []
  const { url } = await testGateway({ dependencies: { usage: (one) => void used.push(one) } })
  const json = { 'content-type': 'application/json', 'x-api-key': 'full' }
  await fetch(`${url}/v1/things`, { method: 'POST', body: '{"n":"x"}', headers: json })
  await fetch(`${url}/v1/nowhere`)
  await fetch(`${url}/v1/things/1?limit=7`)
  await fetch(`${url}/v1/things/1`, { headers: { 'x-api-key': 'full' } })
  const anonymous = { kind: 'anonymous', caller: 'anonymous', keyId: undefined, tenant: undefined, plan: undefined }
  expect(used).toEqual([
    { endpoint: 'get-thing', version: '1', fields: ['query.limit'], caller: anonymous },
    {
      endpoint: 'get-thing',
      version: '1',
      fields: [],
      caller: { ...anonymous, kind: 'key', caller: 'ann', keyId: expect.any(String) },
    },
  ])
})
