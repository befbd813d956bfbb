import { describe, expect, it } from '@jest/globals'
import { createMemoryStore } from './memory-store.ts'
import type { CachedResponse } from './store.ts'

const response = (parts: Partial<CachedResponse> = {}): CachedResponse => ({
  ...{ variant: '', selectedBy: [], status: 200, headers: {}, body: new Uint8Array(1_000) },
  ...{ requestedAt: 0, respondedAt: 0, initialAgeSeconds: 0, freshSeconds: 60, noCache: false, mustRevalidate: false },
  ...{ staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0, keepUntil: Number.POSITIVE_INFINITY },
  ...{ route: 'r', url: '/u', tags: [] },
  ...parts,
})

describe('a store in memory', () => {
  it('keeps what was used last, within its bytes', () => {
    let evicted = 0
    const { put, get, stats } = createMemoryStore({ maxBytes: 5_000, onEvicted: () => evicted++ })
    for (const key of ['a', 'b', 'c']) put(key, response(), 0)
    get('a')
    put('d', response(), 0)
    expect(['a', 'b', 'c', 'd'].filter((key) => get(key).length > 0)).toEqual(['a', 'c', 'd'])
    expect([evicted, stats().entries, stats().bytes <= 5_000]).toEqual([1, 3, true])
  })

  it('keeps nothing that is larger than all of it', () => {
    const { put, get } = createMemoryStore({ maxBytes: 5_000 })
    put('a', response({ body: new Uint8Array(5_000) }), 0)
    expect(get('a')).toEqual([])
  })

  it('keeps at most 32 variants of one thing', () => {
    const { put, get } = createMemoryStore({ maxBytes: 1_000_000 })
    for (let i = 0; i < 100; i++) put('a', response({ variant: String(i) }), 0)
    expect([get('a').length, get('a')[0]?.variant]).toEqual([32, '99'])
  })

  it('replaces a variant, and forgets one', () => {
    const { put, get, remove, stats } = createMemoryStore({ maxBytes: 1_000_000 })
    put('a', response({ status: 200 }), 0)
    put('a', response({ status: 404 }), 0)
    put('a', response({ variant: 'x' }), 0)
    expect(get('a').map(({ status }) => status)).toEqual([200, 404])
    remove('a', '')
    remove('a', 'x')
    expect([get('a'), stats()]).toEqual([[], { entries: 0, bytes: 0 }])
  })

  it('forgets what a purge concerns, and no more', () => {
    const { put, get, purge, stats } = createMemoryStore({ maxBytes: 1_000_000 })
    const fill = () => {
      put('a', response({ tags: ['t'], variant: '1' }), Number.MAX_SAFE_INTEGER)
      put('a', response({ variant: '2' }), Number.MAX_SAFE_INTEGER)
      put('b', response({ route: 'other', url: '/v' }), Number.MAX_SAFE_INTEGER)
    }
    const left = () => [
      get('a')
        .map(({ variant }) => variant)
        .sort(),
      get('b').length,
    ]
    fill()
    purge({ tag: 't' })
    expect(left()).toEqual([['2'], 1])
    purge({ url: '/u' })
    expect(left()).toEqual([[], 1])
    fill()
    purge({ route: 'r' })
    expect(left()).toEqual([[], 1])
    purge({ url: '/v' })
    expect(stats()).toEqual({ entries: 0, bytes: 0 })
  })

  it('does not keep what was asked for before a purge that concerns it', () => {
    const { put, get, purge, generation } = createMemoryStore({ maxBytes: 1_000_000 })
    const since = generation()
    purge({ tag: 't' })
    put('a', response({ tags: ['t'] }), since)
    put('b', response({ tags: ['u'] }), since)
    put('c', response({ tags: ['t'] }), generation())
    expect(['a', 'b', 'c'].map((key) => get(key).length)).toEqual([0, 1, 1])
    for (let i = 0; i < 2_000; i++) purge({ tag: 'w' })
    // More purges than it remembers: any of them may have concerned it.
    put('d', response(), since)
    expect(get('d')).toEqual([])
  })
})
