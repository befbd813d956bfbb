import { describe, expect, it } from '@jest/globals'
import { endpoint, jsonPatch, mergePatch } from 'ebb/contract'
import * as z from 'zod'
import { createClient } from './index.ts'
import { json, Order, refusal, scriptedServer } from './test-support.ts'

const bare = { summary: 'An order.', path: '/v1/orders/{id}', params: z.object({ id: z.string() }) } as const
const access = { scopes: ['orders:write'] } as const
const takeOrder = endpoint({
  ...{ ...bare, name: 'take-order', method: 'POST', access, cookies: z.object({ session: z.string() }) },
  reply: [
    {
      status: 200,
      body: Order,
      headers: z.object({
        'x-total': z.number(),
        'x-new': z.boolean().optional(),
        'x-tags': z.array(z.string()).optional(),
      }),
    },
    { status: 204 },
    { status: 303, locations: ['https://pay.example.com/*'] },
  ],
})
const changeOrder = endpoint({
  ...{ ...bare, name: 'change-order', method: 'PATCH', access, conditional: true, reply: { status: 200, body: Order } },
  body: z.union([mergePatch(Order), jsonPatch()]),
})

const { baseUrl, requests, respondWith } = await scriptedServer()
const client = createClient({ takeOrder, changeOrder }, { baseUrl, key: 'k', retries: 0 })
const order = { id: '1', sku: 'anchor' }
const take = () => client.takeOrder({ params: { id: '1' } })
const change = (body: Parameters<typeof client.changeOrder>[0]['body']) =>
  client.changeOrder({ params: { id: '1' }, body, ifMatch: '"3"' })

describe('of several replies, the status tells which', () => {
  it('with its headers decoded', async () => {
    respondWith(json(200, order, { 'x-total': '7', 'x-new': 'true', 'x-tags': 'a, "b, c"', 'x-other': '1' }))
    const result = await take()
    expect(result).toMatchObject({ ok: true, status: 200, data: order })
    if (!result.ok || result.status !== 200) throw new Error('no 200')
    expect(result.replyHeaders).toEqual({ 'x-total': 7, 'x-new': true, 'x-tags': ['a', 'b, c'] })
  })

  it('without a body', async () => {
    respondWith((response) => response.writeHead(204).end())
    expect(await take()).toMatchObject({ ok: true, status: 204, data: undefined })
  })

  it('a redirect with its address, which is not followed', async () => {
    const location = 'https://pay.example.com/7'
    respondWith((response) => response.writeHead(303, { location }).end())
    expect(await take()).toMatchObject({ ok: true, status: 303, data: undefined, location })
    expect(requests).toHaveLength(1)
  })

  it.each([201, 302, 304])('a %d that the contract does not declare is unexpected', async (status) => {
    respondWith((response) => response.writeHead(status, { location: '/x' }).end(status === 201 ? '{}' : undefined))
    expect(await take()).toMatchObject({ ok: false, error: 'unexpected_answer', status })
  })
})

describe('a request says', () => {
  it('which version it is about, and as what its body is sent', async () => {
    respondWith(json(200, order, { etag: '"4"' }))
    const result = await change({ sku: 'rope' })
    await change([{ op: 'remove', path: '/sku' }])
    await client.changeOrder({ params: { id: '1' }, body: {}, ifNoneMatch: '*' })
    const sent = ['content-type', 'if-match', 'if-none-match']
    expect(requests.map(({ headers }) => sent.map((name) => headers[name]))).toEqual([
      ['application/merge-patch+json', '"3"', undefined],
      ['application/json-patch+json', '"3"', undefined],
      ['application/merge-patch+json', undefined, '*'],
    ])
    expect(result.ok && result.etag).toBe('"4"')
  })

  it('the cookies that it is given', async () => {
    respondWith((response) => response.writeHead(204).end())
    await client.takeOrder({ params: { id: '1' }, cookies: { session: 'a b;c' } })
    expect(requests[0]?.headers.cookie).toBe('session=a%20b%3Bc')
  })
})

it('a 412 is a refusal to switch on', async () => {
  respondWith(refusal(412, 'precondition_failed'))
  expect(await change({})).toMatchObject({ ok: false, error: 'precondition_failed', status: 412 })
})
