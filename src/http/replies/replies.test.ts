import { beforeAll, describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'

const Order = z.object({ id: z.string(), quantity: z.int() })

/** Replies as the request asks for. */
const takeOrder = endpoint({
  name: 'take-order',
  summary: 'Take an order, once.',
  method: 'POST',
  path: '/v1/orders',
  body: z.object({ kind: z.string(), text: z.string().optional() }),
  reply: [
    { status: 201, body: Order, location: '/v1/orders/{id}', headers: z.object({ 'x-total': z.number() }) },
    {
      status: 200,
      body: Order,
      headers: z.object({
        'x-total': z.number(),
        'x-tags': z.array(z.string()).optional(),
        'x-note': z.string().optional(),
      }),
      cookies: {
        '__Host-cart': { value: z.string(), maxAgeSeconds: 60 },
        theme: { value: z.enum(['dark']), httpOnly: false },
      },
    },
    { status: 204 },
    { status: 303, locations: ['https://pay.example.com/checkout/*'] },
    { status: 307, location: '/v1/orders/{id}/receipt' },
  ],
  access: {},
  idempotent: true,
})

const order = { id: 'a/b', quantity: 1 }

const handler = implement(takeOrder, { sql: postgres }, async ({ body: { kind, text = '' } }, { sql, reply }) => {
  await sql`insert into taken (kind) values (${kind})`
  const headers = { 'x-total': 7 }
  if (kind === 'new') return reply(201, { id: text, quantity: 1 }, { headers })
  if (kind === 'none') return reply(204)
  if (kind === 'pay') return reply(303, { location: text })
  if (kind === 'receipt') return reply(307, { location: { id: text } })
  if (kind === 'unknown') return { ...reply(204), status: 206 } as never
  if (kind === 'alone') return order as never
  if (kind === 'header') return reply(200, order, { headers: { ...headers, 'x-note': text } })
  if (kind === 'cookie') return reply(200, order, { headers, cookies: { '__Host-cart': text, theme: null } })
  if (kind === 'strange') return reply(200, order, { headers, cookies: { other: text } as never })
  const more = { ...order, secret: 1 }
  return reply(200, more, { headers: { ...headers, 'x-tags': ['a', 'b, c'] } })
})

const fn = testFunction(handler)
beforeAll(() => fn.query('create table taken (kind text)'))

let keys = 0
const take = async (kind: string, text?: string, key = `key-${keys++}`) =>
  (await fn.as({ sub: 'ada' })).post('/v1/orders').redirects(0).set('Idempotency-Key', key).send({ kind, text })
const taken = async (kind: string) => (await fn.query('select from taken where kind = $1', [kind])).length

describe('of several replies, the handler says which', () => {
  it('201 with its location and headers, and without what the contract does not name', async () => {
    const { status, body, headers } = await take('new', '7')
    expect([status, body]).toEqual([201, { id: '7', quantity: 1 }])
    expect([headers.location, headers['x-total']]).toEqual(['/v1/orders/7', '7'])
  })

  it('200 with a header that is a list', async () => {
    const { status, headers } = await take('other')
    expect([status, headers['x-total'], headers['x-tags']]).toEqual([200, '7', 'a, "b, c"'])
    expect(headers['set-cookie']).toBeUndefined()
  })

  it('204 without a body', async () => {
    const { status, text, headers } = await take('none')
    expect([status, text, headers['content-type']]).toEqual([204, '', undefined])
  })

  it.each([
    ['a status that the contract does not declare', 'unknown'],
    ['the body alone', 'alone'],
    ['a cookie that the contract does not declare', 'strange'],
  ])('500 for %s, with no effect', async (_, kind) => {
    expect((await take(kind, 'x')).status).toBe(500)
    expect(await taken(kind)).toBe(0)
  })
})

describe('a redirect leads where its contract says', () => {
  it('303 to an address within its bounds, as browsers read it', async () => {
    const { status, headers, text } = await take('pay', 'https://PAY.example.com/checkout/a/../7?x=1#y')
    expect([status, headers.location, text]).toEqual([303, 'https://pay.example.com/checkout/7?x=1#y', ''])
  })

  it.each([
    'https://evil.example.com/checkout/7',
    'http://pay.example.com/checkout/7',
    'https://pay.example.com:8443/checkout/7',
    'https://pay.example.com/checkout',
    'https://pay.example.com/checkout/../admin',
    'https://pay.example.com/checkout/%2e%2e/admin',
    'https://pay.example.com@evil.example.com/checkout/7',
    'https://user@pay.example.com/checkout/7',
    'https://pay.example.com.evil.example.com/checkout/7',
    '//evil.example.com/checkout/7',
    '/checkout/7',
    'javascript:alert(1)',
    'https:\\\\evil.example.com\\checkout\\7',
    `https://pay.example.com/checkout/${'x'.repeat(8_000)}`,
  ])('500 with no effect for %#', async (address) => {
    const before = await taken('pay')
    expect((await take('pay', address)).status).toBe(500)
    expect(await taken('pay')).toBe(before)
  })

  it('307 to a path of its own template, encoded', async () => {
    const { status, headers } = await take('receipt', 'a b')
    expect([status, headers.location]).toEqual([307, '/v1/orders/a%20b/receipt'])
    expect((await take('receipt', '../x')).status).toBe(500)
  })
})

describe('a reply header is one', () => {
  it.each(['a\r\nset-cookie: x=1', 'a\nb', '\u2603', 'a\u0001b', ' a', 'a\t', '\u007f', 'x'.repeat(9_000)])(
    '500 with no effect for %#',
    async (text) => {
      expect((await take('header', text)).status).toBe(500)
      expect(await taken('header')).toBe(0)
    },
  )
})

describe('a cookie is set safely', () => {
  it('with attributes that no script reads and only HTTPS carries, and null deletes one', async () => {
    const { headers } = await take('cookie', 'a b;c')
    expect(headers['cache-control']).toBe('no-store')
    expect(headers['set-cookie']).toEqual([
      '__Host-cart=a%20b%3Bc; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=60',
      'theme=; Path=/; Secure; SameSite=Lax; Max-Age=0',
    ])
  })

  it('500 for one that no browser keeps', async () => {
    expect((await take('cookie', 'x'.repeat(5_000))).status).toBe(500)
  })
})

describe('a repeated Idempotency-Key gets the same', () => {
  it.each([
    ['new', '8'],
    ['other', 'x'],
    ['none', 'x'],
    ['cookie', 'x'],
    ['pay', 'https://pay.example.com/checkout/7'],
  ])('status, headers and body of %s', async (kind, text) => {
    const [first, again] = [await take(kind, text, `again-${kind}`), await take(kind, text, `again-${kind}`)]
    expect(again.headers['idempotency-replayed']).toBe('true')
    const same = (response: typeof first) =>
      ['content-type', 'location', 'x-total', 'x-tags', 'set-cookie'].map((name) => response.headers[name])
    expect([again.status, again.text, same(again)]).toEqual([first.status, first.text, same(first)])
  })

  it('from another caller it is another one', async () => {
    await take('cookie', 'of ada', 'shared')
    const eve = (await fn.as({ sub: 'eve' })).post('/v1/orders').set('Idempotency-Key', 'shared')
    const { headers } = await eve.send({ kind: 'none' })
    expect([headers['set-cookie'], headers['idempotency-replayed']]).toEqual([undefined, undefined])
  })
})
