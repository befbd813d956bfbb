import { expect, it } from '@jest/globals'
import { createClient } from 'ebb/client'
import { endpoint } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import { request } from 'undici'
import * as z from 'zod'
import { createValidator } from '../contract/index.ts'
import { parseRawHeaders } from './gateway/headers.ts'

const tagThing = endpoint({
  name: 'tag-thing',
  summary: 'Says which headers came.',
  method: 'POST',
  path: '/v1/things',
  headers: z.object({
    'x-tags': z.array(z.string()).optional(),
    'x-levels': z.array(z.int()).optional(),
    'x-currency': z.string().optional(),
  }),
  reply: { status: 200, body: z.object({ tags: z.unknown(), levels: z.unknown(), n: z.int() }) },
  access: {},
  idempotent: true,
})

let calls = 0
const fn = testFunction(
  implement(tagThing, { sql: postgres }, async ({ headers }) => {
    calls++
    return { tags: headers['x-tags'], levels: headers['x-levels'], n: calls }
  }),
)

type Lines = readonly (readonly [name: string, value: string])[]

async function call(lines: Lines, key: string = crypto.randomUUID()) {
  const identity = Object.entries(await fn.headers({ sub: 'ada' }))
  const headers = [...identity, ['idempotency-key', key], ...lines].flat()
  const {
    statusCode,
    headers: answered,
    body,
  } = await request(`${await fn.address()}/v1/things`, { method: 'POST', headers })
  return {
    status: statusCode,
    replayed: answered['idempotency-replayed'],
    body: (await body.json()) as Record<string, unknown>,
  }
}

const validate = createValidator(tagThing)
const asGateway = (lines: Lines) =>
  validate({ params: {}, query: {}, headers: parseRawHeaders(lines.flat()), body: undefined })

it.each<[string, Lines, readonly string[]]>([
  [
    'two lines',
    [
      ['x-tags', 'a'],
      ['X-Tags', 'b'],
    ],
    ['a', 'b'],
  ],
  ['one line with commas', [['x-tags', 'a, b,c ,, ']], ['a', 'b', 'c']],
  [
    'both',
    [
      ['x-tags', 'a,b'],
      ['x-tags', 'c'],
    ],
    ['a', 'b', 'c'],
  ],
  ['elements in quotes', [['x-tags', '"a, b", "say \\"c\\"", W/"d,e"']], ['a, b', 'say "c"', 'W/"d,e"']],
  ['a quote that does not end', [['x-tags', 'a"b, c']], ['a"b', 'c']],
])('a list in %s is one list, to the gateway and to the function', async (_how, lines, tags) => {
  expect(asGateway(lines)).toMatchObject({ ok: true, input: { headers: { 'x-tags': tags } } })
  expect(await call(lines)).toMatchObject({ status: 200, body: { tags } })
})

it('a list of numbers is decoded, and a header that is not a list must come once', async () => {
  expect(await call([['x-levels', '1, 2']])).toMatchObject({ status: 200, body: { levels: [1, 2] } })
  const twice: Lines = [
    ['x-currency', 'EUR'],
    ['x-currency', 'USD'],
  ]
  expect(asGateway(twice)).toMatchObject({ ok: false, issues: [{ path: 'headers.x-currency' }] })
  expect(await call(twice)).toMatchObject({ status: 400, body: { details: [{ path: 'headers.x-currency' }] } })
})

it('the typed client sends lists that arrive unchanged', async () => {
  const identity = await fn.headers({ sub: 'ada' })
  const fetch = (url: string, init: RequestInit) =>
    globalThis.fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), ...identity } })
  const client = createClient({ tagThing }, { baseUrl: await fn.address(), fetch })
  const tags = ['plain', 'a, b', ' blank ', 'say "c"', 'back\\slash', '', '"quoted"']
  const result = await client.tagThing({ headers: { 'x-tags': tags, 'x-levels': [7] } })
  expect(result).toMatchObject({ ok: true, data: { tags, levels: [7] } })
})

it('422 the same key with another header that the contract names; any other header does not count', async () => {
  const key = crypto.randomUUID()
  const euros: Lines = [['x-currency', 'EUR']]
  expect(await call(euros, key)).toMatchObject({ status: 200, replayed: undefined })
  expect(await call([...euros, ['x-other', '1']], key)).toMatchObject({ status: 200, replayed: 'true' })
  expect(await call([['x-currency', 'USD']], key)).toMatchObject({
    status: 422,
    body: { error: 'idempotency_mismatch' },
  })
  expect(await call([], key)).toMatchObject({ status: 422 })
})

it('a key in quotes is the same key', async () => {
  const first = await call([], 'q1')
  expect(await call([], '"q1"')).toEqual({ ...first, replayed: 'true' })
  const odd = await call([], '"say \\"q\\" \\\\"')
  expect(await call([], 'say "q" \\')).toEqual({ ...odd, replayed: 'true' })
})
