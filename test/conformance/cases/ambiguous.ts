import { assertProblem } from '../assertions.ts'
import type { ConformanceRequest } from '../client.ts'
import type { Case } from '../session.ts'

/** What a proxy and an application have been known to read in two ways. */
const REQUESTS: Readonly<Record<string, readonly ConformanceRequest[]>> = {
  'a path with empty or dot segments, or with a slash in disguise': [
    { path: '/v1//products' },
    { path: '/v1/nothing/../products' },
    { path: '/v1/./products' },
    { path: '/v1/products/%2e%2e' },
    { path: '/v1/products/A%2FB' },
    { path: '/v1/products/A%5cB' },
    { path: '/v1/products/A%00' },
  ],
  'a target whose percent escapes are malformed': [{ path: '/v1/products/%zz' }, { path: '/v1/products?q=%e9' }],
  'a header that must not be there twice': [
    { path: '/v1/products', headers: { 'x-api-key': ['one', 'two'] } },
    { path: '/v1/products', headers: { 'idempotency-key': ['one', 'two'] } },
    { path: '/v1/products', headers: { 'x-correlation-id': ['conformance-1', 'conformance-2'] } },
  ],
  'a header with an underscore': [{ path: '/v1/products', headers: { x_api_key: 'one' } }],
  'a GET with a body': [{ path: '/v1/products', json: {} }],
  'an absolute target without a host, or with a password': [
    { path: 'http:///v1/products' },
    { path: 'http://a:b@conformance.invalid/v1/products' },
  ],
}

export const ambiguous: readonly Case[] = Object.entries(REQUESTS).map(([what, requests]) => ({
  name: `errors: 400 for ${what}`,
  run: async ({ send }) => {
    for (const request of requests) assertProblem(await send(request), 400, 'bad_request')
  },
}))
