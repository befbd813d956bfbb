import { describe, expect, it } from '@jest/globals'
import { cdnHeadersOf } from './cdn-headers.ts'

const response = {
  ...{ tags: ['product:17', 'products'], freshSeconds: 60, staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0 },
}

describe('cdnHeadersOf', () => {
  it('Cache-Tag and CDN-Cache-Control, or Surrogate-Key and Surrogate-Control', () => {
    expect(cdnHeadersOf(response, 'cache-tag')).toEqual({
      ...{ 'cdn-cache-control': 'max-age=60', 'cache-tag': 'product:17,products' },
    })
    const stale = { staleWhileRevalidateSeconds: 10, staleIfErrorSeconds: 20 }
    expect(cdnHeadersOf({ ...response, ...stale }, 'surrogate-key')).toEqual({
      'surrogate-control': 'max-age=60, stale-while-revalidate=10, stale-if-error=20',
      'surrogate-key': 'product:17 products',
    })
  })

  it('leaves out what no header can hold, and what is too long', () => {
    const tags = ['a', 'b c', 'd,e', 'ä', 'f\r\nset-cookie: g=h', 'i', 'x'.repeat(4_000)]
    expect(cdnHeadersOf({ ...response, tags }, 'cache-tag')['cache-tag']).toBe('a,i')
    expect(cdnHeadersOf({ ...response, tags: ['ä'] }, 'cache-tag')).toEqual({ 'cdn-cache-control': 'max-age=60' })
  })
})
