import type { RequestListener } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { contractSet, endpoint } from '../../../contract/index.ts'
import { createMemoryStore } from '../cache/memory-store.ts'
import { openRawConnection, testGateway } from '../test-support.ts'

const reply = { status: 200, body: z.object({}) }
const id = z.object({ id: z.string() })
const get = { summary: 'Shows.', method: 'GET', reply } as const
const anyone = { anonymous: true } as const
const cache = { maxAgeSeconds: 60 } as const

const contracts = contractSet(
  {
    product: endpoint({
      ...{ ...get, name: 'product', path: '/v1/products/{id}', params: id, access: anyone },
      headers: z.object({ 'accept-language': z.string().optional(), 'x-tone': z.string().optional() }),
      cache: {
        ...{ ...cache, staleWhileRevalidateSeconds: 30, staleIfErrorSeconds: 600, shared: true },
        ...{ tags: ['products', 'product:{id}'], vary: ['accept-language'] },
      },
    }),
    put: endpoint({ ...get, name: 'put', path: '/v1/products/{id}', params: id, method: 'PUT', access: anyone }),
    mine: endpoint({ ...get, name: 'mine', path: '/v1/mine', access: {}, cache }),
    news: endpoint({ ...get, name: 'news', path: '/v1/news', access: anyone, cache: { ...cache, shared: true } }),
    ours: endpoint({ ...get, name: 'ours', path: '/v1/ours', access: {}, cache: { ...cache, shared: true } }),
    plain: endpoint({ ...get, name: 'plain', path: '/v1/plain', access: anyone }),
  },
  { openapi: '3.1.0' },
)

const CALLERS: Readonly<Record<string, { sub: string; tenant?: string; scopes: readonly string[] }>> = {
  ann: { sub: 'ann', scopes: ['a:read'] },
  annMore: { sub: 'ann', scopes: ['a:read', 'b:read'] },
  bob: { sub: 'bob', scopes: ['cache:reload'] },
  acme: { sub: 'ann', tenant: 'acme', scopes: [] },
  acmeToo: { sub: 'bob', tenant: 'acme', scopes: [] },
  globex: { sub: 'ann', tenant: 'globex', scopes: [] },
}

/** A gateway with a cache, whose functions answer with how often they were called. */
async function cached({ upstream }: { upstream?: RequestListener } = {}) {
  let time = Date.UTC(2026, 5, 1)
  const store = createMemoryStore({ maxBytes: 1_000_000, now: () => time })
  const outcomes: string[] = []
  const answered = { count: 0 }
  const gateway = await testGateway({
    upstream: (request, response) => {
      response.setHeader('ebb-revision', '1')
      if (upstream) return upstream(request, response)
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ call: ++answered.count }))
    },
    dependencies: {
      contracts: () => contracts,
      cache: { store, now: () => time, reloadScope: 'cache:reload' },
      authenticate: {
        key: async (key) => {
          const caller = CALLERS[key]
          return caller && { caller, credential: { kind: 'key', id: key } }
        },
      },
    },
  })
  const ask = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const response = await fetch(gateway.url + path, { method, headers })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  const as = (key: string) => ({ 'x-api-key': key })
  const pass = (seconds: number) => {
    time += seconds * 1_000
  }
  return { ...gateway, store, outcomes, ask, as, pass }
}

describe('a reply that the contract caches', () => {
  it('200 from memory, with its age, calling nothing', async () => {
    const { ask, pass, invoked, shortCircuits } = await cached()
    const first = await ask('/v1/news')
    pass(20)
    const second = await ask('/v1/news')
    expect([second.status, second.text, invoked.length]).toEqual([200, first.text, 1])
    expect([first, second].map(({ headers }) => [headers.get('age'), headers.get('cache-status')])).toEqual([
      ['0', 'ebb; fwd=uri-miss; ttl=60; stored'],
      ['20', 'ebb; hit; ttl=40'],
    ])
    expect(shortCircuits).toEqual(['cached'])
  })

  it('200 anew once it is stale', async () => {
    const { ask, pass, invoked } = await cached()
    await ask('/v1/news')
    pass(60)
    expect([(await ask('/v1/news')).headers.get('cache-status'), invoked.length]).toEqual([
      'ebb; fwd=stale; ttl=60; stored',
      2,
    ])
  })

  it('304 to a caller who has it, by an ETag of its bytes', async () => {
    const { ask, invoked, shortCircuits } = await cached()
    const etag = (await ask('/v1/news')).headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w-]{27}"$/)
    const again = await ask('/v1/news', { 'if-none-match': `"other", ${etag}` })
    expect([again.status, again.text, again.headers.get('etag'), again.headers.get('content-length')]).toEqual([
      ...[304, '', etag, null],
    ])
    expect([invoked.length, shortCircuits]).toEqual([1, ['not_modified']])
  })

  it('304 when a new call brings the same bytes', async () => {
    const { ask, pass, invoked } = await cached({ upstream: (_, response) => response.end('{}') })
    const etag = (await ask('/v1/news')).headers.get('etag') ?? ''
    pass(61)
    expect([(await ask('/v1/news', { 'if-none-match': etag })).status, invoked.length]).toEqual([304, 2])
  })

  it('206 for a part of it, and the length of all of it to a HEAD', async () => {
    const { ask, invoked } = await cached()
    const { text } = await ask('/v1/news')
    const part = await ask('/v1/news', { range: 'bytes=2-5' })
    const head = await ask('/v1/news', {}, 'HEAD')
    expect([part.status, part.text, part.headers.get('content-range')]).toEqual([
      206,
      'call',
      `bytes 2-5/${text.length}`,
    ])
    expect([head.status, head.text, head.headers.get('content-length')]).toEqual([200, '', String(text.length)])
    expect(invoked).toHaveLength(1)
  })

  it('is told to callers, by who else gets it', async () => {
    const { ask, as } = await cached()
    const told = async (path: string, key?: string) =>
      (await ask(path, key ? as(key) : {})).headers.get('cache-control')
    expect(await told('/v1/news')).toBe('public, max-age=60')
    expect(await told('/v1/news', 'ann')).toBe('private, max-age=60')
    expect(await told('/v1/mine', 'ann')).toBe('private, max-age=60')
    expect(await told('/v1/products/7')).toBe('public, no-cache')
    expect((await ask('/v1/products/7')).headers.get('vary')).toBe('accept-language, Authorization, X-API-Key')
  })

  it('is each caller’s own: by subject, tenant and scopes', async () => {
    const { ask, as, invoked } = await cached()
    const keys = ['ann', 'annMore', 'bob', 'acme', 'acmeToo', 'globex']
    const texts: string[] = []
    for (const key of [...keys, ...keys]) texts.push((await ask('/v1/mine', as(key))).text)
    expect(new Set(texts.slice(0, 6)).size).toBe(6)
    expect(texts.slice(6)).toEqual(texts.slice(0, 6))
    expect(invoked).toHaveLength(6)
  })

  it('is one tenant’s, even where it is shared', async () => {
    const { ask, as } = await cached()
    const text = async (key: string) => (await ask('/v1/ours', as(key))).text
    const [ann, bob, acme, acmeToo, globex] = [
      ...[await text('ann'), await text('bob'), await text('acme'), await text('acmeToo'), await text('globex')],
    ]
    expect([ann === bob, acme === acmeToo]).toEqual([true, true])
    expect(new Set([ann, acme, globex]).size).toBe(3)
  })

  it('differs by the headers that it depends on, and by no other', async () => {
    const { ask, invoked } = await cached()
    await ask('/v1/products/7', { 'accept-language': 'de' })
    await ask('/v1/products/7', { 'accept-language': 'en' })
    await ask('/v1/products/7', { 'accept-language': 'de', 'x-tone': 'loud' })
    expect(invoked).toHaveLength(2)
  })

  it('is not a failure, which is asked for anew', async () => {
    const upstream: RequestListener = (_, response) =>
      void response.writeHead(404, { 'content-type': 'application/problem+json' }).end('{}')
    const { ask, invoked } = await cached({ upstream })
    expect([(await ask('/v1/news')).status, (await ask('/v1/news')).status, invoked.length]).toEqual([404, 404, 2])
  })

  it('is used stale while one call renews it', async () => {
    const answers: (() => void)[] = []
    const upstream: RequestListener = (_, response) => {
      const call = answers.push(() => response.end(`{"call":${call}}`))
      if (call === 1) answers[0]?.()
    }
    const { ask, pass, shortCircuits } = await cached({ upstream })
    await ask('/v1/products/7')
    pass(70)
    for (const _ of 'abc') {
      const { text, headers } = await ask('/v1/products/7')
      expect([text, headers.get('age'), headers.get('cache-status')]).toEqual(['{"call":1}', '70', 'ebb; hit; ttl=-10'])
    }
    while (answers.length < 2) await new Promise(setImmediate)
    answers[1]?.()
    while ((await ask('/v1/products/7')).text === '{"call":1}');
    expect(answers).toHaveLength(2)
    expect(shortCircuits.slice(0, 3)).toEqual(['stale', 'stale', 'stale'])
  })

  it('is used stale where its function fails', async () => {
    let broken = false
    const upstream: RequestListener = (request, response) => {
      if (broken) response.writeHead(500, { 'content-type': 'application/problem+json' }).end('{}')
      else response.end('{"fine":true}')
      request.resume()
    }
    const { ask, pass } = await cached({ upstream })
    await ask('/v1/products/7')
    broken = true
    pass(100)
    const stale = await ask('/v1/products/7')
    expect([stale.status, stale.text, stale.headers.get('cache-status')]).toEqual([
      ...[200, '{"fine":true}', 'ebb; fwd=stale; fwd-status=500; ttl=-40'],
    ])
    pass(600)
    expect((await ask('/v1/products/7')).status).toBe(500)
  })

  it('is purged by tag, route and address, and is not joined by who comes after', async () => {
    const { ask, store, invoked } = await cached()
    const purges = [{ tag: 'product:7' }, { tag: 'products' }, { route: 'product' }, { url: '/v1/products/7' }]
    for (const purge of purges) {
      await ask('/v1/products/7')
      store.purge(purge)
    }
    await ask('/v1/products/7')
    store.purge({ tag: 'product:8' })
    await ask('/v1/products/7')
    expect(invoked).toHaveLength(5)
  })

  it('is forgotten when its address is written to', async () => {
    const { ask, invoked } = await cached()
    await ask('/v1/products/7')
    await ask('/v1/products/7', {}, 'PUT')
    await ask('/v1/products/7')
    expect(invoked).toHaveLength(3)
  })

  it('is not asked for anew because a caller says so, but for one who may', async () => {
    const { ask, as, invoked } = await cached()
    const again = { 'cache-control': 'no-cache, no-store, max-age=0' }
    await ask('/v1/ours', as('ann'))
    await ask('/v1/ours', { ...as('ann'), ...again })
    expect(invoked).toHaveLength(1)
    await ask('/v1/ours', { ...as('bob'), 'cache-control': 'no-cache' })
    expect(invoked).toHaveLength(2)
  })

  it('504 not_cached to a caller who asks for nothing else', async () => {
    const { ask, invoked } = await cached()
    const { status, text } = await ask('/v1/news', { 'cache-control': 'only-if-cached' })
    expect([status, JSON.parse(text).error, invoked.length]).toEqual([504, 'not_cached', 0])
  })

  it('is none where the contract has no cache', async () => {
    const { ask, invoked } = await cached()
    const { headers } = await ask('/v1/plain')
    await ask('/v1/plain')
    expect([headers.get('etag'), headers.get('cache-status'), invoked.length]).toEqual([null, null, 2])
  })
})

describe('requests for the same at the same time', () => {
  /** A function that answers when it is told to. */
  const held = (answer: (call: number) => readonly [status: number, body: string]) => {
    const waiting: (() => void)[] = []
    let released = 0
    let arrived = Promise.withResolvers<void>()
    const upstream: RequestListener = (request, response) => {
      const [status, body] = answer(waiting.length + 1)
      waiting.push(() => response.writeHead(status, { 'content-type': 'application/json' }).end(body))
      request.resume()
      arrived.resolve()
    }
    return {
      upstream,
      arrival: async (count: number) => {
        while (waiting.length < count) {
          await arrived.promise
          arrived = Promise.withResolvers()
        }
      },
      release: () => {
        for (; released < waiting.length; released++) waiting[released]?.()
      },
      count: () => waiting.length,
    }
  }

  it('500 are one call', async () => {
    const { upstream, arrival, release, count } = held(() => [200, '{"one":1}'])
    const { ask, answered, server } = await cached({ upstream })
    let came = 0
    server.on('request', () => came++)
    const all = Array.from({ length: 500 }, () => ask('/v1/news'))
    await arrival(1)
    while (came < 500) await new Promise(setImmediate)
    release()
    const got = await Promise.all(all)
    expect([count(), new Set(got.map(({ status, text }) => `${status} ${text}`)), answered.length]).toEqual([
      ...[1, new Set(['200 {"one":1}']), 500],
    ])
    expect(got.filter(({ headers }) => headers.get('cache-status')?.includes('collapsed'))).toHaveLength(499)
  })

  it('are one call for each variant of what they ask for', async () => {
    const { upstream, arrival, release, count } = held((call) => [200, `{"call":${call}}`])
    const { ask, server } = await cached({ upstream })
    let came = 0
    server.on('request', () => came++)
    const all = Array.from({ length: 30 }, (_, i) => ask('/v1/products/7', { 'accept-language': i % 2 ? 'de' : 'en' }))
    await arrival(2)
    while (came < 30) await new Promise(setImmediate)
    release()
    expect([new Set((await Promise.all(all)).map(({ text }) => text)).size, count()]).toEqual([2, 2])
  })

  it('go on by themselves where the answer is not to be shared', async () => {
    const { upstream, arrival, release, count } = held(() => [404, '{}'])
    const { ask, server } = await cached({ upstream })
    let came = 0
    server.on('request', () => came++)
    const all = Array.from({ length: 5 }, () => ask('/v1/news'))
    await arrival(1)
    while (came < 5) await new Promise(setImmediate)
    release()
    await arrival(5)
    release()
    expect([(await Promise.all(all)).map(({ status }) => status), count()]).toEqual([Array(5).fill(404), 5])
  })

  it('are answered although the one whose call it is has hung up', async () => {
    const { upstream, arrival, release, count } = held((call) => [200, `{"call":${call}}`])
    const { ask, port, server } = await cached({ upstream })
    let came = 0
    server.on('request', () => came++)
    const first = await openRawConnection(port)
    first.send('GET /v1/news HTTP/1.1\r\nhost: localhost\r\n\r\n')
    await arrival(1)
    const others = Array.from({ length: 10 }, () => ask('/v1/news'))
    while (came < 11) await new Promise(setImmediate)
    first.socket.destroy()
    await arrival(2)
    release()
    expect(new Set((await Promise.all(others)).map(({ text }) => text))).toEqual(new Set(['{"call":2}']))
    expect(count()).toBe(2)
  })

  it('are all refused where the one call finds nobody', async () => {
    const { ask, answered } = await cached({ upstream: (request) => void request.socket.destroy() })
    const got = await Promise.all(Array.from({ length: 20 }, () => ask('/v1/news')))
    expect(new Set(got.map(({ status }) => status))).toEqual(new Set([502]))
    expect(answered).toHaveLength(20)
  })
})
