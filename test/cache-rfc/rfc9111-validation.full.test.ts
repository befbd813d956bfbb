import { describe, expect, it } from '@jest/globals'
import { type Asked, type CachingGateway, cachingGateway, fresh, type Scripted } from './test-support.ts'

const MODIFIED = 'Mon, 01 Jun 2026 02:00:00 GMT'

/** A gateway with a stored response that has become stale. */
async function stale(stored: Scripted = fresh({ etag: '"v"', 'last-modified': MODIFIED }), first: Asked = {}) {
  const gateway = await cachingGateway()
  gateway.script(stored)
  await gateway.get(first)
  gateway.pass(61)
  return gateway
}

describe('RFC 9111, 4.1: a response that varies', () => {
  const varying = (vary: string | readonly string[], body = 'v'): Scripted => fresh({ vary }, { body })
  const sent = (headers: Asked['headers']): Asked => ({ headers: headers ?? {} })

  it.each<[string, string | readonly string[], Asked, Asked, number]>([
    ['is used where the header is the same', 'Foo', sent({ foo: '1' }), sent({ foo: '1' }), 1],
    ['is not where it differs', 'Foo', sent({ foo: '1' }), sent({ foo: '2' }), 2],
    ['is not where it differs in case', 'Foo', sent({ foo: 'a' }), sent({ foo: 'A' }), 2],
    ['is not where the header is gone', 'Foo', sent({ foo: '1' }), sent({}), 2],
    ['is not where the header is new', 'Foo', sent({}), sent({ foo: '1' }), 2],
    ['is used where neither has it', 'Foo', sent({}), sent({}), 1],
    ['is used whatever other headers say', 'Foo', sent({ foo: '1', bar: '1' }), sent({ foo: '1', bar: '2' }), 1],
    ['is not where one of two differs', 'Foo, Bar', sent({ foo: '1', bar: '1' }), sent({ foo: '1', bar: '2' }), 2],
    [
      'is not where one of two lines differs',
      ['Foo', 'Bar'],
      sent({ foo: '1', bar: '1' }),
      sent({ foo: '1', bar: '2' }),
      2,
    ],
    ['is used by any case of its name', 'fOO', sent({ foo: '1' }), sent({ FOO: '1' }), 1],
    ['is used where white space differs', 'Foo', sent({ foo: '1,  2' }), sent({ foo: '1,2' }), 1],
    ['is used where two lines are one', 'Foo', sent({ foo: ['1', '2'] }), sent({ foo: '1, 2' }), 1],
    ['is not where their order differs', 'Foo', sent({ foo: '1, 2' }), sent({ foo: '2, 1' }), 2],
    ['is never used with *', '*', sent({}), sent({}), 2],
    ['is never used with * and a name', 'Foo, *', sent({ foo: '1' }), sent({ foo: '1' }), 2],
    ['is never used with * twice', '*, *', sent({}), sent({}), 2],
    ['is never used with * behind nothing', ', *', sent({}), sent({}), 2],
    ['is never used with * in a line of its own', ['Foo', '*'], sent({ foo: '1' }), sent({ foo: '1' }), 2],
    ['is used with an empty Vary', '', sent({ foo: '1' }), sent({ foo: '2' }), 1],
  ])('%s', async (_, vary, first, second, asked) => {
    const gateway = await cachingGateway()
    gateway.script(varying(vary))
    await gateway.get(first)
    await gateway.get(second)
    expect(gateway.seen).toHaveLength(asked)
  })

  it('is kept beside the others', async () => {
    const gateway = await cachingGateway()
    gateway.script(varying('Foo', 'one'), varying('Foo', 'two'))
    const bodies: string[] = []
    for (const foo of ['1', '2', '1', '2']) bodies.push((await gateway.get(sent({ foo }))).body)
    expect([bodies, gateway.seen.length]).toEqual([['one', 'two', 'one', 'two'], 2])
  })

  it('is asked for once for all who want the same variant, although nobody knew that there are any', async () => {
    const gateway = await cachingGateway()
    const waiting: (() => void)[] = []
    gateway.script({
      by: ({ headers }, response) =>
        void waiting.push(
          () => void response.writeHead(200, { 'cache-control': 'max-age=60', vary: 'Foo' }).end(headers.foo),
        ),
    })
    let came = 0
    gateway.gateway.server.on('request', () => came++)
    const all = Array.from({ length: 20 }, (_, i) => gateway.get(sent({ foo: String(i % 4) })))
    while (came < 20 || waiting.length < 1) await new Promise(setImmediate)
    waiting[0]?.()
    while (waiting.length < 4) await new Promise(setImmediate)
    for (const answer of waiting.slice(1)) answer()
    expect((await Promise.all(all)).map(({ body }) => body)).toEqual(
      Array.from({ length: 20 }, (_, i) => String(i % 4)),
    )
    expect(gateway.seen).toHaveLength(4)
  })

  it('is the latest of those that match', async () => {
    const gateway = await cachingGateway()
    gateway.script(varying('Foo', 'old'))
    await gateway.get(sent({ foo: '1' }))
    gateway.pass(1)
    gateway.rescript(varying('Bar', 'new'))
    await gateway.get(sent({ foo: '2' }))
    expect((await gateway.get(sent({ foo: '1' }))).body).toBe('new')
  })

  it('is validated with the headers that it varies by', async () => {
    const gateway = await stale(fresh({ vary: 'Foo', etag: '"v"' }), sent({ foo: '1' }))
    gateway.rescript({ status: 304, headers: { etag: '"v"' } })
    await gateway.get(sent({ foo: '1' }))
    expect([gateway.seen[0]?.headers['if-none-match'], gateway.seen[0]?.headers.foo]).toEqual(['"v"', '1'])
  })
})

describe('RFC 9111, 4.3.1: a stale response is validated', () => {
  it.each<[string, Scripted['headers'], Record<string, string | undefined>]>([
    ['by its entity tag', { etag: '"v"' }, { 'if-none-match': '"v"', 'if-modified-since': undefined }],
    ['by a weak one', { etag: 'W/"v"' }, { 'if-none-match': 'W/"v"' }],
    [
      'by the time that it was modified',
      { 'last-modified': MODIFIED },
      { 'if-none-match': undefined, 'if-modified-since': MODIFIED },
    ],
    ['by both', { etag: '"v"', 'last-modified': MODIFIED }, { 'if-none-match': '"v"', 'if-modified-since': MODIFIED }],
    ['by neither, where it has none', {}, { 'if-none-match': undefined, 'if-modified-since': undefined }],
  ])('%s', async (_, validators, conditions) => {
    const gateway = await stale(fresh(validators))
    gateway.rescript(fresh())
    await gateway.get()
    for (const [name, value] of Object.entries(conditions)) expect(gateway.seen[0]?.headers[name]).toBe(value)
  })

  it('and not by what the client has', async () => {
    const gateway = await stale()
    gateway.rescript({ status: 304, headers: { etag: '"v"', 'cache-control': 'max-age=60' } })
    const { status, body } = await gateway.get({ headers: { 'if-none-match': '"client"' } })
    expect([gateway.seen[0]?.headers['if-none-match'], status, body]).toEqual(['"v"', 200, 'answer 1'])
  })

  it('as a whole, where the client wants a part', async () => {
    const gateway = await stale()
    gateway.rescript({ status: 304, headers: { etag: '"v"', 'cache-control': 'max-age=60' } })
    const { status, body } = await gateway.get({ headers: { range: 'bytes=0-2' } })
    expect([gateway.seen[0]?.headers.range, status, body]).toEqual([undefined, 206, 'ans'])
  })
})

describe('RFC 9111, 4.3.2: a client’s condition is answered from what is stored', () => {
  const ask = async (stored: Scripted['headers'], headers: Asked['headers']) => {
    const gateway = await cachingGateway()
    gateway.script(fresh(stored))
    await gateway.get()
    gateway.pass(1)
    const { status } = await gateway.get({ headers: headers ?? {} })
    return [status, gateway.seen.length]
  }

  it.each<[string, Scripted['headers'], Asked['headers'], number]>([
    ['304 by If-None-Match', { etag: '"v"' }, { 'if-none-match': '"v"' }, 304],
    ['304 by one of several', { etag: '"v"' }, { 'if-none-match': '"u", "v", "w"' }, 304],
    ['304 by one of several lines', { etag: '"v"' }, { 'if-none-match': ['"u"', '"v"'] }, 304],
    ['304 by *', { etag: '"v"' }, { 'if-none-match': '*' }, 304],
    ['200 by another', { etag: '"v"' }, { 'if-none-match': '"u"' }, 200],
    ['200 by one that is part of it', { etag: '"u,v"' }, { 'if-none-match': '"u", v"' }, 200],
    ['304 by one with a comma', { etag: '"u,v"' }, { 'if-none-match': '"u,v"' }, 304],
    [
      '304 by If-Modified-Since of the same time',
      { 'last-modified': MODIFIED },
      { 'if-modified-since': MODIFIED },
      304,
    ],
    [
      '304 by a later one',
      { 'last-modified': MODIFIED },
      { 'if-modified-since': 'Mon, 01 Jun 2026 03:00:00 GMT' },
      304,
    ],
    [
      '200 by an earlier one',
      { 'last-modified': MODIFIED },
      { 'if-modified-since': 'Mon, 01 Jun 2026 01:00:00 GMT' },
      200,
    ],
    [
      '304 by Date, where nothing says when it was modified',
      {},
      { 'if-modified-since': 'Mon, 01 Jun 2026 12:00:00 GMT' },
      304,
    ],
    ['200 by a time before Date', {}, { 'if-modified-since': 'Mon, 01 Jun 2026 11:00:00 GMT' }, 200],
    [
      '304 by If-None-Match, whatever If-Modified-Since says',
      { etag: '"v"', 'last-modified': MODIFIED },
      { 'if-none-match': '"v"', 'if-modified-since': 'Mon, 01 Jun 2026 01:00:00 GMT' },
      304,
    ],
    [
      '200 by If-None-Match, whatever If-Modified-Since says',
      { etag: '"v"', 'last-modified': MODIFIED },
      { 'if-none-match': '"u"', 'if-modified-since': MODIFIED },
      200,
    ],
    ['200, since If-Match is not for caches', { etag: '"v"' }, { 'if-match': '"u"' }, 200],
    [
      '200, since If-Unmodified-Since is not for caches',
      { 'last-modified': MODIFIED },
      { 'if-unmodified-since': 'Mon, 01 Jun 2026 01:00:00 GMT' },
      200,
    ],
  ])('%s', async (_, stored, headers, status) => {
    expect(await ask(stored, headers)).toEqual([status, 1])
  })

  it('412 of the origin, where nothing is stored: If-Match goes there', async () => {
    const gateway = await cachingGateway()
    gateway.script({ status: 412 })
    const { status } = await gateway.get({ headers: { 'if-match': '"u"' } })
    expect([status, gateway.seen[0]?.headers['if-match']]).toEqual([412, '"u"'])
  })
})

describe('RFC 9111, 4.3.3: what the origin answers to a validation', () => {
  it('304 is answered with what is stored', async () => {
    const gateway = await stale()
    gateway.rescript({ status: 304, headers: { etag: '"v"', 'cache-control': 'max-age=60' } })
    const { status, body } = await gateway.get()
    expect([status, body, (await gateway.get()).body, gateway.seen.length]).toEqual([200, 'answer 1', 'answer 1', 1])
  })

  it('304 is answered 304 where the client has it', async () => {
    const gateway = await stale()
    gateway.rescript({ status: 304, headers: { etag: '"v"', 'cache-control': 'max-age=60' } })
    expect((await gateway.get({ headers: { 'if-none-match': '"v"' } })).status).toBe(304)
  })

  it('a new response is answered with, and replaces what is stored', async () => {
    const gateway = await stale()
    gateway.rescript(fresh({ etag: '"w"' }, { body: 'new' }))
    expect([(await gateway.get()).body, (await gateway.get()).body, gateway.seen.length]).toEqual(['new', 'new', 1])
  })

  it('a new response that may not be stored takes the stored one away', async () => {
    const gateway = await stale()
    gateway.rescript({ status: 404, body: 'gone', headers: { 'cache-control': 'no-store' } })
    expect((await gateway.get()).body).toBe('gone')
    expect((await gateway.get({ headers: { 'cache-control': 'max-stale' } })).body).toBe('gone')
  })

  it('a 5xx is answered with', async () => {
    const gateway = await stale()
    gateway.rescript({ status: 500, body: 'failed' })
    expect([(await gateway.get()).status, gateway.seen.length]).toEqual([500, 1])
  })
})

describe('RFC 9111, 4.3.4: a 304 is about the stored response', () => {
  it.each<[string, Scripted['headers'], Scripted['headers']]>([
    ['with the same strong tag', { etag: '"v"' }, { etag: '"v"' }],
    ['with the same weak tag', { etag: 'W/"v"' }, { etag: 'W/"v"' }],
    ['with the same time', { 'last-modified': MODIFIED }, { 'last-modified': MODIFIED }],
    ['without any validator', { etag: '"v"' }, {}],
  ])('%s', async (_, stored, update) => {
    const gateway = await stale(fresh(stored))
    gateway.rescript({ status: 304, headers: { 'cache-control': 'max-age=60', ...update } })
    await gateway.get()
    expect([(await gateway.get()).body, gateway.seen.length]).toEqual(['answer 1', 1])
  })

  it.each<[string, Scripted['headers'], Scripted['headers']]>([
    ['with another tag', { etag: '"v"' }, { etag: '"w"' }],
    ['with another time', { 'last-modified': MODIFIED }, { 'last-modified': 'Mon, 01 Jun 2026 03:00:00 GMT' }],
  ])('but not %s: then all of it is asked for', async (_, stored, update) => {
    const gateway = await stale(fresh(stored))
    gateway.rescript({ status: 304, headers: update ?? {} }, fresh({}, { body: 'new' }))
    const { status, body } = await gateway.get()
    expect([status, body, gateway.seen.length]).toEqual([200, 'new', 2])
    expect([gateway.seen[1]?.headers['if-none-match'], gateway.seen[1]?.headers['if-modified-since']]).toEqual([
      undefined,
      undefined,
    ])
  })
})

describe('RFC 9111, 4.3.5: HEAD', () => {
  const head = { method: 'HEAD' }

  it('is answered by a stored GET', async () => {
    const gateway = await cachingGateway()
    gateway.script(fresh({ 'content-type': 'text/plain' }))
    await gateway.get()
    const { status, body, headers } = await gateway.get(head)
    expect([status, body, headers['content-length'], headers['content-type'], gateway.seen.length]).toEqual([
      200,
      '',
      '8',
      'text/plain',
      1,
    ])
  })

  it('is not stored for a GET', async () => {
    const gateway = await cachingGateway()
    gateway.script(fresh())
    await gateway.get(head)
    await gateway.get()
    expect(gateway.seen.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
  })

  const asked = async (gateway: CachingGateway, answer: Scripted) => {
    gateway.rescript(answer, fresh())
    await gateway.get(head)
    const { body, headers } = await gateway.get()
    return { body, headers, methods: gateway.seen.map(({ method }) => method) }
  }

  it('renews a stored GET that it is about', async () => {
    const gateway = await stale(fresh({ etag: '"v"', 'x-a': '1', 'x-b': '1' }))
    const { body, headers, methods } = await asked(gateway, fresh({ etag: '"v"', 'x-a': '2', 'content-length': '8' }))
    expect([body, headers['x-a'], headers['x-b'], methods]).toEqual(['answer 1', '2', '1', ['HEAD']])
  })

  it.each<[string, Scripted]>([
    ['tag', fresh({ etag: '"w"' })],
    ['time', fresh({ etag: '"v"', 'content-length': '9' })],
    ['status', fresh({ etag: '"v"' }, { status: 410 })],
  ])('takes one of another %s away', async (_, answer) => {
    const { methods } = await asked(await stale(), answer)
    expect(methods).toEqual(['HEAD', 'GET'])
  })
})

describe('RFC 9111, 4.4: a request that may change something', () => {
  const METHODS = [
    'GET',
    'POST',
    'PUT',
    'DELETE',
    'PATCH',
    'PROPPATCH',
    'MOVE',
    'OPTIONS',
    'PROPFIND',
    'SEARCH',
  ] as const

  /** Whether what is stored is still used after this request to the same address, or to another one that answers so. */
  const kept = async (change: Asked, answer: Scripted) => {
    const gateway = await cachingGateway({ methods: METHODS })
    gateway.script(fresh())
    await gateway.get()
    gateway.rescript(answer)
    await gateway.get(change)
    gateway.rescript(fresh())
    await gateway.get()
    return gateway.seen.length === 0
  }

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'PROPPATCH', 'MOVE'])(
    '%s forgets what is stored for its address',
    async (method) => {
      expect(await kept({ method }, { status: 200 })).toBe(false)
      expect(await kept({ method }, { status: 204 })).toBe(false)
      expect(await kept({ method }, { status: 303, headers: { location: '/s/other' } })).toBe(false)
    },
  )

  it.each(['POST', 'PUT', 'DELETE'])('%s that fails forgets nothing', async (method) => {
    expect(await kept({ method }, { status: 400 })).toBe(true)
    expect(await kept({ method }, { status: 500 })).toBe(true)
  })

  it.each(['OPTIONS', 'HEAD', 'PROPFIND', 'SEARCH'])('%s, which is safe, forgets nothing', async (method) => {
    expect(await kept({ method }, { status: 200 })).toBe(true)
  })

  it.each(['location', 'content-location'])('forgets what %s names, where it is of the same origin', async (name) => {
    const other = { method: 'POST', path: '/s/other' }
    expect(await kept(other, { status: 201, headers: { [name]: '/s/1' } })).toBe(false)
    expect(await kept(other, { status: 201, headers: { [name]: '1' } })).toBe(false)
    expect(await kept(other, { status: 201, headers: { [name]: 'http://elsewhere.example/s/1' } })).toBe(true)
    expect(await kept(other, { status: 400, headers: { [name]: '/s/1' } })).toBe(true)
  })

  it('forgets every variant, and what is stored for every caller', async () => {
    const gateway = await cachingGateway()
    gateway.script(fresh({ vary: 'Foo', 'cache-control': 'public, max-age=60' }))
    for (const foo of ['1', '2']) await gateway.get({ headers: { foo } })
    for (const key of ['ann', 'acme']) await gateway.get({ headers: { 'x-api-key': key } })
    const before = gateway.seen.length
    await gateway.get({ method: 'PUT' })
    for (const foo of ['1', '2']) await gateway.get({ headers: { foo } })
    for (const key of ['ann', 'acme']) await gateway.get({ headers: { 'x-api-key': key } })
    expect(gateway.seen.length).toBe(2 * before + 1)
  })

  it('is written through, and never answered from what is stored', async () => {
    const gateway = await cachingGateway()
    gateway.script(fresh())
    await gateway.get()
    await gateway.get({ method: 'POST' })
    await gateway.get({ method: 'POST' })
    expect(gateway.seen).toHaveLength(3)
  })
})
