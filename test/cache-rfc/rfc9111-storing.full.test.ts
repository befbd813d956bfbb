import { describe, expect, it } from '@jest/globals'
import { askTwice, cachingGateway, fresh, type Scripted, type Twice } from './test-support.ts'

const ok = (control: string, headers: Scripted['headers'] = {}): Scripted => ({
  headers: { 'cache-control': control, ...headers },
})

describe('RFC 9111, 3: a response is stored', () => {
  it.each<[string, Twice]>([
    ['with max-age', { answer: ok('max-age=60') }],
    ['with s-maxage', { answer: ok('s-maxage=60') }],
    ['with Expires', { answer: { headers: { expires: 'Mon, 01 Jun 2026 13:00:00 GMT' } } }],
    [
      'with public and a time to guess by',
      { answer: ok('public', { 'last-modified': 'Mon, 01 Jun 2026 02:00:00 GMT' }) },
    ],
    [
      'of a status that may be kept by guessing',
      { answer: { status: 404, headers: { 'last-modified': 'Mon, 01 Jun 2026 02:00:00 GMT' } } },
    ],
    ...[200, 203, 204, 299, 300, 301, 302, 307, 308, 400, 404, 405, 410, 414, 451, 500, 501, 503, 599].map(
      (status): [string, Twice] => [
        `of status ${status} that says how long it is fresh`,
        { answer: fresh({}, { status }) },
      ],
    ),
    ['to a request with a query', { answer: fresh(), first: { path: '/s/q?a=1' }, second: { path: '/s/q?a=1' } }],
    ['with unknown directives', { answer: ok('max-age=60, community="UCI", x') }],
    ['that must be understood, and is (5.2.2.3)', { answer: ok('max-age=60, must-understand') }],
    [
      'that must be understood, and is, so that no-store means nothing (5.2.2.3)',
      { answer: ok('max-age=60, must-understand, no-store') },
    ],
    ['whose request had no-cache', { answer: fresh(), first: { headers: { 'cache-control': 'no-cache' } } }],
  ])('%s', async (_, twice) => {
    const { asked, before, after } = await askTwice(await cachingGateway(), twice)
    expect([asked, after.status, after.body]).toEqual([1, before.status, before.body])
  })
})

describe('RFC 9111, 3: a response is not stored', () => {
  it.each<[string, Twice]>([
    ['with no-store (5.2.2.5)', { answer: ok('max-age=60, no-store') }],
    ['with no-store in any case', { answer: ok('max-age=60, No-StORE') }],
    ['with private (5.2.2.7)', { answer: ok('max-age=60, private') }],
    ['with private, even with s-maxage', { answer: ok('s-maxage=60, private') }],
    ['with nothing that says how long it is fresh', { answer: {} }],
    [
      'of a status that may not be kept by guessing',
      { answer: { status: 500, headers: { 'last-modified': 'Mon, 01 Jun 2026 02:00:00 GMT' } } },
    ],
    [
      'of a status that must be understood, and is not (5.2.2.3)',
      { answer: { ...ok('max-age=60, must-understand'), status: 599 } },
    ],
    ['that is a part (3.3)', { answer: fresh({ 'content-range': 'bytes 0-7/20' }, { status: 206 }) }],
    ['whose request had no-store (5.2.1.5)', { answer: fresh(), first: { headers: { 'cache-control': 'no-store' } } }],
    ['to a POST', { answer: fresh(), first: { method: 'POST' } }],
    ['to a POST, for another POST', { answer: fresh(), first: { method: 'POST' }, second: { method: 'POST' } }],
    ['that has no end', { answer: fresh({ 'content-type': 'text/event-stream' }) }],
    ['with Set-Cookie (7.3)', { answer: fresh({ 'set-cookie': 'a=b' }) }],
    ['with Set-Cookie, even where it is public', { answer: ok('public, max-age=60', { 'set-cookie': 'a=b' }) }],
    ['for another query (2)', { answer: fresh(), first: { path: '/s/q?a=1' }, second: { path: '/s/q?a=2' } }],
    ['for a path in another case (2)', { answer: fresh(), first: { path: '/s/q' }, second: { path: '/s/Q' } }],
    [
      'for another host (2)',
      { answer: fresh(), first: { headers: { host: 'a.example' } }, second: { headers: { host: 'b.example' } } },
    ],
  ])('%s', async (_, twice) => {
    expect((await askTwice(await cachingGateway(), twice)).asked).toBe(2)
  })

  it('is not one that broke off (3.3)', async () => {
    const gateway = await cachingGateway()
    gateway.script({
      by: (_, response) => {
        response.writeHead(200, { 'cache-control': 'max-age=60', 'content-length': '100' })
        response.write('half of it')
        setImmediate(() => response.destroy())
      },
    })
    await expect(gateway.get()).rejects.toThrow()
    gateway.rescript(fresh({}, { body: 'all of it' }))
    expect([(await gateway.get()).body, gateway.seen.length]).toEqual(['all of it', 1])
  })

  it('is not a chunked one that broke off (3.3)', async () => {
    const gateway = await cachingGateway()
    gateway.script({
      by: (_, response) => {
        response.writeHead(200, { 'cache-control': 'max-age=60' })
        response.write('half of it')
        setImmediate(() => response.destroy())
      },
    })
    await expect(gateway.get()).rejects.toThrow()
    gateway.rescript(fresh())
    await gateway.get()
    expect(gateway.seen).toHaveLength(1)
  })

  it('is one that the end of its connection ends (RFC 9112, 8)', async () => {
    const { asked, after } = await askTwice(await cachingGateway(), {
      answer: {
        by: ({ socket }) =>
          void socket.end('HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\nconnection: close\r\n\r\nwhole'),
      },
    })
    expect([asked, after.body]).toEqual([1, 'whole'])
  })
})

describe('RFC 9111, 3.1: what is stored of the fields', () => {
  it('is all of them, unknown ones included, each line', async () => {
    const { after } = await askTwice(await cachingGateway(), {
      answer: fresh({
        'x-new': 'a',
        link: ['</a>; rel=next', '</b>; rel=prev'],
        'content-language': 'de',
        'content-type': 'text/plain',
      }),
    })
    const { 'x-new': unknown, link, 'content-language': language, 'content-type': type } = after.headers
    expect([unknown, link, language, type]).toEqual(['a', '</a>; rel=next, </b>; rel=prev', 'de', 'text/plain'])
  })

  it.each([
    'x-hop',
    'keep-alive',
    'proxy-authenticate',
    'proxy-authentication-info',
    'proxy-connection',
    'te',
    'upgrade',
  ])('is not %s, which is about a connection', async (name) => {
    const { asked, after } = await askTwice(await cachingGateway(), {
      answer: fresh({ connection: 'x-hop', [name]: 'timeout=7' }),
    })
    expect([asked, after.headers[name]]).toEqual([1, undefined])
  })

  it.each([
    ['no-cache="x-a, X-B" (5.2.2.4)', 'max-age=60, no-cache="x-a, X-B"'],
    ['private="x-a, X-B" (5.2.2.7)', 'max-age=60, private="x-a, X-B"'],
    ['no-cache of two lists', 'no-cache="x-a", max-age=60, no-cache="x-b"'],
  ])('is not what is named by %s', async (_, control) => {
    const { asked, before, after } = await askTwice(await cachingGateway(), {
      answer: ok(control, { 'x-a': '1', 'x-b': '2', 'x-c': '3' }),
    })
    expect([asked, before.headers['x-a'], after.headers['x-a'], after.headers['x-b'], after.headers['x-c']]).toEqual([
      ...[1, '1', undefined, undefined, '3'],
    ])
  })
})

describe('RFC 9111, 3.2: a 304 updates what is stored', () => {
  const validated = async (stored: Scripted['headers'], update: Scripted['headers']) => {
    const gateway = await cachingGateway()
    gateway.script(fresh({ etag: '"v"', ...stored }, { body: 'stored' }))
    await gateway.get()
    gateway.pass(61)
    gateway.rescript({ status: 304, headers: { etag: '"v"', ...update } })
    const first = await gateway.get()
    const second = await gateway.get()
    return { first, second, asked: gateway.seen.length }
  }

  it('with each field that it has, and leaves the others', async () => {
    const { first, second, asked } = await validated(
      { 'x-a': '1', 'x-b': '1', 'content-type': 'text/plain' },
      { 'cache-control': 'max-age=100', 'x-b': '2', 'x-c': '2', 'content-type': 'text/plain;charset=utf-8' },
    )
    for (const { status, body, headers } of [first, second]) {
      const { 'x-a': a, 'x-b': b, 'x-c': c, 'cache-control': control, 'content-type': type } = headers
      expect([status, body, a, b, c, control, type]).toEqual([
        ...[200, 'stored', '1', '2', '2', 'max-age=100', 'text/plain;charset=utf-8'],
      ])
    }
    expect(asked).toBe(1)
  })

  it('so that it is fresh again by the new time, and its age begins anew', async () => {
    const { first } = await validated({}, { 'cache-control': 'max-age=100' })
    expect([first.headers.age, first.headers['cache-status']]).toEqual([
      ...['0', 'ebb; fwd=stale; fwd-status=304; ttl=100; stored'],
    ])
  })

  it.each([
    ['content-length', '3'],
    ['content-encoding', 'gzip'],
    ['content-range', 'bytes 0-1/2'],
    ['content-md5', 'x'],
  ])('but not %s, which is about the bytes', async (name, value) => {
    const { first } = await validated({}, { 'cache-control': 'max-age=100', [name]: value })
    expect([first.body, first.headers[name]]).toEqual(['stored', name === 'content-length' ? '6' : undefined])
  })

  it('but not with what is about the connection', async () => {
    const { first, second } = await validated({}, { 'cache-control': 'max-age=100', connection: 'x-a', 'x-a': '1' })
    expect([first.headers['x-a'], second.headers['x-a']]).toEqual([undefined, undefined])
  })
})

describe('RFC 9111, 3.3 and 3.4: parts', () => {
  it('are passed on, and never taken for the whole', async () => {
    const gateway = await cachingGateway()
    gateway.script(fresh({ 'content-range': 'bytes 0-3/8', etag: '"v"' }, { status: 206, body: 'half' }))
    const part = await gateway.get({ headers: { range: 'bytes=0-3' } })
    gateway.rescript(fresh({ etag: '"v"' }, { body: 'halfhalf' }))
    const whole = await gateway.get()
    expect([part.status, part.body, whole.status, whole.body, gateway.seen[0]?.headers.range]).toEqual([
      ...[206, 'half', 200, 'halfhalf', undefined],
    ])
  })

  it('are not combined, whether they are of the same bytes or not: the second is asked for as well', async () => {
    const gateway = await cachingGateway()
    gateway.script(
      fresh({ 'content-range': 'bytes 0-3/8', etag: '"v"' }, { status: 206, body: 'half' }),
      fresh({ 'content-range': 'bytes 4-7/8', etag: '"w"' }, { status: 206, body: 'next' }),
    )
    await gateway.get({ headers: { range: 'bytes=0-3' } })
    expect((await gateway.get({ headers: { range: 'bytes=4-7' } })).body).toBe('next')
    expect(gateway.seen.map(({ headers }) => headers.range)).toEqual(['bytes=0-3', 'bytes=4-7'])
  })
})

describe('RFC 9111, 3.5: a response to credentials', () => {
  const authorization = { headers: { authorization: 'Basic YTpi' } }
  const key = (name: string) => ({ headers: { 'x-api-key': name } })

  it.each<[string, Scripted, number]>([
    ['is for nobody else', fresh(), 2],
    [
      'is for nobody else with must-revalidate alone, which does not say for whom it is',
      ok('max-age=60, must-revalidate'),
      2,
    ],
    ['is for everybody where it is public', ok('public, max-age=60'), 1],
    ['is for everybody with s-maxage', ok('s-maxage=60'), 1],
  ])('%s', async (_, answer, asked) => {
    expect(
      (await askTwice(await cachingGateway(), { answer, first: authorization, second: authorization })).asked,
    ).toBe(asked)
    expect((await askTwice(await cachingGateway(), { answer, first: authorization })).asked).toBe(asked)
    expect((await askTwice(await cachingGateway(), { answer, first: key('ann'), second: key('bob') })).asked).toBe(
      asked,
    )
    expect((await askTwice(await cachingGateway(), { answer, first: { headers: { cookie: 'a=b' } } })).asked).toBe(
      asked,
    )
  })

  it('is never another tenant’s, even where it is public', async () => {
    const answer = ok('public, max-age=60')
    expect((await askTwice(await cachingGateway(), { answer, first: key('acme'), second: key('globex') })).asked).toBe(
      2,
    )
    expect((await askTwice(await cachingGateway(), { answer, first: key('acme'), second: key('ann') })).asked).toBe(2)
  })

  it('is made for one where it varies by Authorization, even where it is public', async () => {
    const answer = ok('public, max-age=60', { vary: 'Authorization' })
    expect((await askTwice(await cachingGateway(), { answer, first: key('ann'), second: key('bob') })).asked).toBe(2)
    expect((await askTwice(await cachingGateway(), { answer, first: key('ann'), second: key('ann') })).asked).toBe(1)
  })
})
