import type { CachedResponse } from '../../../src/http/gateway/cache/store.ts'

/** A response of an hour, to a product. */
export const testResponse = (given: Partial<CachedResponse> = {}): CachedResponse => ({
  ...{ variant: '', selectedBy: [], status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.from('lamp') },
  ...{ requestedAt: Date.now(), respondedAt: Date.now(), initialAgeSeconds: 0, freshSeconds: 3_600 },
  ...{ staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0, mustRevalidate: false, noCache: false },
  ...{ keepUntil: Date.now() + 3_600_000, route: 'get-product', url: '/v1/products/17', tags: ['product:17'] },
  ...given,
})
