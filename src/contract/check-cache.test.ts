import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { describeEndpoint } from './describe.ts'
import { endpoint } from './endpoint.ts'
import type { EndpointShape } from './endpoint-shape.ts'

const good = {
  ...{ name: 'get-product', summary: 'Shows a product.', method: 'GET', path: '/v1/products/{id}' },
  params: z.object({ id: z.string() }),
  headers: z.object({ 'accept-language': z.string().optional(), 'x-tone': z.string().optional() }),
  ...{ reply: { status: 200, body: z.object({}) }, access: { scopes: ['products:read'] } },
} as const satisfies EndpointShape

describe('a cache that makes no sense is refused', () => {
  it.each<[string, object, RegExp]>([
    ['of what is no GET', { method: 'POST' }, /only the reply to a GET is kept; drop `cache`/],
    ['with a misspelt part', { cache: { maxAgeSeconds: 1, ttl: 1 } }, /unknown property `ttl`/],
    ['for no time', { cache: { maxAgeSeconds: 0 } }, /cache\.maxAgeSeconds must be whole, and from 1 to a year/],
    ['for no number', { cache: {} }, /cache\.maxAgeSeconds must be whole/],
    [
      'stale for half a second',
      { cache: { maxAgeSeconds: 1, staleIfErrorSeconds: 0.5 } },
      /cache\.staleIfErrorSeconds/,
    ],
    ['shared or not', { cache: { maxAgeSeconds: 1, shared: false } }, /cache\.shared can only be true/],
    [
      'shared, where an owner is told apart',
      { cache: { maxAgeSeconds: 1, shared: true }, access: { scopes: ['a:read'], owner: true } },
      /`owner` lets the handler decide by who calls/,
    ],
    [
      'shared, where a policy decides',
      { cache: { maxAgeSeconds: 1, shared: true }, access: { policy: true } },
      /`policy` lets the handler decide by who calls/,
    ],
    ['a tag with a comma', { cache: { maxAgeSeconds: 1, tags: ['a,b'] } }, /without a comma/],
    [
      'a tag of another path',
      { cache: { maxAgeSeconds: 1, tags: ['a:{sku}'] } },
      /has \{sku\}, which the path does not have/,
    ],
    ['a header that nobody declares', { cache: { maxAgeSeconds: 1, vary: ['cookie'] } }, /cache\.vary has "cookie"/],
  ])('%s', (_, parts, sentence) => {
    expect(() => endpoint({ ...good, cache: { maxAgeSeconds: 1 }, ...parts } as typeof good)).toThrow(sentence)
  })

  it('and a good one is described with its defaults', () => {
    const contract = endpoint({ ...good, cache: { maxAgeSeconds: 60, tags: ['product:{id}'] } })
    expect(describeEndpoint(contract).cache).toEqual({
      ...{ maxAgeSeconds: 60, staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0, shared: false },
      ...{ tags: ['product:{id}'], vary: ['accept-language', 'x-tone'] },
    })
  })
})
