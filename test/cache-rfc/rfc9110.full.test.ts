import { describe, expect, it } from '@jest/globals'
import { type Asked, cachingGateway, fresh, type Scripted } from './test-support.ts'

const MODIFIED = 'Mon, 01 Jun 2026 02:00:00 GMT'
const BODY = '0123456789'

/** What a request gets for a stored response. */
async function ask(
  stored: Scripted['headers'],
  headers: Asked['headers'],
  rest: Omit<Scripted, 'headers'> & { method?: string } = {},
) {
  const gateway = await cachingGateway()
  const { method = 'GET', ...answer } = rest
  gateway.script(fresh(stored, { body: BODY, ...answer }))
  await gateway.get()
  gateway.pass(5)
  const got = await gateway.get({ method, headers: headers ?? {} })
  return { ...got, asked: gateway.seen.length }
}

describe('RFC 9110, 8.8.3: entity tags', () => {
  it.each<[string, string, string, number]>([
    ['weak and weak are the same', 'W/"v"', 'W/"v"', 304],
    ['weak and strong are the same to If-None-Match (8.8.3.2)', 'W/"v"', '"v"', 304],
    ['strong and weak are', '"v"', 'W/"v"', 304],
    ['their case counts', '"v"', '"V"', 200],
    ['the w of a weak one counts, too', 'W/"v"', 'w/"v"', 200],
    ['an empty one is one', '""', '""', 304],
    ['without quotes it is none', '"v"', 'v', 200],
  ])('%s', async (_, etag, asked, status) => {
    expect((await ask({ etag }, { 'if-none-match': asked })).status).toBe(status)
  })
})

describe('RFC 9110, 13: conditions', () => {
  it.each<[string, Scripted['headers'], Asked['headers'], number]>([
    [
      'If-Modified-Since is ignored where it is no date (13.1.3)',
      { 'last-modified': MODIFIED },
      { 'if-modified-since': 'yesterday' },
      200,
    ],
    [
      'If-Modified-Since is ignored where there are two (13.1.3)',
      { 'last-modified': MODIFIED },
      { 'if-modified-since': [MODIFIED, MODIFIED] },
      200,
    ],
    [
      'If-Modified-Since is read in the form of RFC 850',
      { 'last-modified': MODIFIED },
      { 'if-modified-since': 'Monday, 01-Jun-26 02:00:00 GMT' },
      304,
    ],
    [
      'If-Modified-Since is read in the form of asctime',
      { 'last-modified': MODIFIED },
      { 'if-modified-since': 'Mon Jun  1 02:00:00 2026' },
      304,
    ],
    ['If-None-Match: * is met where there is any (13.1.2)', {}, { 'if-none-match': '*' }, 304],
  ])('%s', async (_, stored, headers, status) => {
    expect((await ask(stored, headers)).status).toBe(status)
  })

  it.each([404, 301, 500])('a condition is ignored where the response is a %s (13.2.1)', async (status) => {
    expect((await ask({ etag: '"v"' }, { 'if-none-match': '"v"' }, { status })).status).toBe(status)
  })

  it('a condition holds for HEAD as for GET', async () => {
    expect((await ask({ etag: '"v"' }, { 'if-none-match': '"v"' }, { method: 'HEAD' })).status).toBe(304)
  })

  it('a condition goes before a range (13.2.2)', async () => {
    const got = await ask({ etag: '"v"' }, { 'if-none-match': '"v"', range: 'bytes=0-1' })
    expect(got.status).toBe(304)
  })

  it('a condition is answered for a response that has just come', async () => {
    const gateway = await cachingGateway()
    gateway.script(fresh({ etag: '"v"' }))
    expect([(await gateway.get({ headers: { 'if-none-match': '"v"' } })).status, (await gateway.get()).body]).toEqual([
      304,
      'answer 1',
    ])
    expect([gateway.seen.length, gateway.seen[0]?.headers['if-none-match']]).toEqual([1, undefined])
  })
})

describe('RFC 9110, 15.4.5: a 304', () => {
  it('has what the 200 would have had of Cache-Control, Content-Location, Date, ETag, Expires and Vary', async () => {
    const expires = 'Mon, 01 Jun 2026 13:00:00 GMT'
    const { status, body, headers } = await ask(
      {
        etag: '"v"',
        'content-location': '/s/1',
        expires,
        vary: 'Foo',
        'content-type': 'text/plain',
        'last-modified': MODIFIED,
      },
      { 'if-none-match': '"v"' },
    )
    const { 'cache-control': control, 'content-location': location, date, etag, vary } = headers
    expect([status, body, control, location, etag, headers.expires, date]).toEqual([
      ...[304, '', 'max-age=60', '/s/1', '"v"', expires, 'Mon, 01 Jun 2026 12:00:00 GMT'],
    ])
    expect(vary).toContain('Foo')
    expect([headers['content-type'], headers['content-length'], headers['last-modified']]).toEqual(
      Array(3).fill(undefined),
    )
  })

  it('has the time of the last change where there is no tag', async () => {
    const { headers } = await ask({ 'last-modified': MODIFIED }, { 'if-modified-since': MODIFIED })
    expect(headers['last-modified']).toBe(MODIFIED)
  })
})

describe('RFC 9110, 14: a range of a stored response', () => {
  it.each<[string, string, string, string]>([
    ['the first bytes', 'bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes in the middle', 'bytes=3-5', '345', 'bytes 3-5/10'],
    ['from one on', 'bytes=7-', '789', 'bytes 7-9/10'],
    ['the last ones', 'bytes=-3', '789', 'bytes 7-9/10'],
    ['more than there are', 'bytes=8-100', '89', 'bytes 8-9/10'],
    ['more of the last than there are', 'bytes=-100', BODY, 'bytes 0-9/10'],
    ['the unit in any case', 'BYTES=0-1', '01', 'bytes 0-1/10'],
    ['one of two that can be satisfied', 'bytes=0-1, 50-60', '01', 'bytes 0-1/10'],
    ['white space and empty members', 'bytes= , 0-1 ,', '01', 'bytes 0-1/10'],
  ])('206: %s', async (_, range, body, contentRange) => {
    const got = await ask({}, { range })
    expect([got.status, got.body, got.headers['content-range'], got.headers['content-length'], got.asked]).toEqual([
      ...[206, body, contentRange, String(body.length), 1],
    ])
  })

  it.each(['bytes=10-', 'bytes=10-20', 'bytes=-0', 'bytes=20-30, 40-50'])(
    '416 where there are no such bytes: %s (15.5.17)',
    async (range) => {
      const { status, headers, asked } = await ask({}, { range })
      expect([status, headers['content-range'], asked]).toEqual([416, 'bytes */10', 1])
    },
  )

  it.each([
    ...[
      'items=0-1',
      'bytes=3-2',
      'bytes=a-b',
      'bytes=',
      'bytes',
      '0-1',
      'bytes=-',
      'bytes=0-1, x',
      'bytes=1',
      'bytes =0-1',
    ],
    'bytes=0-9, 0-9',
    `bytes=${Array.from({ length: 17 }, (_, i) => `${i}-${i}`).join()}`,
  ])('200 where it is malformed, of another unit, or of too much: %s (14.2)', async (range) => {
    const { status, body } = await ask({}, { range })
    expect([status, body]).toEqual([200, BODY])
  })

  it('200 where there are two of the header', async () => {
    expect((await ask({}, { range: ['bytes=0-1', 'bytes=2-3'] })).status).toBe(200)
  })

  it('206 in parts where there are several, each with its type (14.6, 15.3.7.2)', async () => {
    const { status, body, headers } = await ask({ 'content-type': 'text/plain' }, { range: 'bytes=0-1, 4-5' })
    const [, boundary = ''] = /^multipart\/byteranges; boundary=(.+)$/.exec(headers['content-type'] ?? '') ?? []
    const part = (range: string, text: string) =>
      `--${boundary}\r\ncontent-type: text/plain\r\ncontent-range: bytes ${range}/10\r\n\r\n${text}\r\n`
    expect([status, headers['content-range']]).toEqual([206, undefined])
    expect(body).toBe(`${part('0-1', '01')}${part('4-5', '45')}--${boundary}--\r\n`)
  })

  it('206 with the fields that a 200 would have had (15.3.7)', async () => {
    const { headers } = await ask(
      { etag: '"v"', 'content-location': '/s/1', 'content-type': 'text/plain' },
      { range: 'bytes=0-1' },
    )
    const { etag, date, 'cache-control': control, 'content-location': location, 'content-type': type } = headers
    expect([etag, date, control, location, type]).toEqual([
      ...['"v"', 'Mon, 01 Jun 2026 12:00:00 GMT', 'max-age=60', '/s/1', 'text/plain'],
    ])
  })

  it.each<[string, Omit<Scripted, 'headers'> & { method?: string }, number]>([
    ['a HEAD', { method: 'HEAD' }, 200],
    ['what is no 200', { status: 404 }, 404],
  ])('is not one of %s', async (_, rest, status) => {
    expect((await ask({}, { range: 'bytes=0-1' }, rest)).status).toBe(status)
  })
})

describe('RFC 9110, 13.1.5: If-Range', () => {
  it.each<[string, Scripted['headers'], string, number]>([
    ['206 by the same strong tag', { etag: '"v"' }, '"v"', 206],
    ['200 by another', { etag: '"v"' }, '"w"', 200],
    ['200 by a weak tag, although it is the same', { etag: 'W/"v"' }, 'W/"v"', 200],
    ['200 by a weak tag of a strong one', { etag: '"v"' }, 'W/"v"', 200],
    ['206 by the same time', { 'last-modified': MODIFIED }, MODIFIED, 206],
    ['200 by a later time', { 'last-modified': MODIFIED }, 'Mon, 01 Jun 2026 03:00:00 GMT', 200],
    [
      '200 by a time that is too near to Date to be strong (8.8.2.2)',
      { 'last-modified': 'Mon, 01 Jun 2026 11:59:30 GMT' },
      'Mon, 01 Jun 2026 11:59:30 GMT',
      200,
    ],
    ['200 where nothing says when it was modified', {}, MODIFIED, 200],
  ])('%s', async (_, stored, condition, status) => {
    expect((await ask(stored, { range: 'bytes=0-1', 'if-range': condition })).status).toBe(status)
  })

  it('206 without the fields that the client has already (15.3.7)', async () => {
    const { headers } = await ask(
      { etag: '"v"', 'content-type': 'text/plain', 'x-a': '1' },
      { range: 'bytes=0-1', 'if-range': '"v"' },
    )
    expect([headers.etag, headers['content-type'], headers['x-a']]).toEqual(['"v"', undefined, undefined])
  })

  it('goes to the origin with its range, where nothing is stored', async () => {
    const gateway = await cachingGateway()
    gateway.script(fresh({ 'content-range': 'bytes 0-1/10' }, { status: 206, body: '01' }))
    await gateway.get({ headers: { range: 'bytes=0-1', 'if-range': '"v"' } })
    expect([gateway.seen[0]?.headers.range, gateway.seen[0]?.headers['if-range']]).toEqual(['bytes=0-1', '"v"'])
  })
})

describe('RFC 9110, 9.3.2: HEAD', () => {
  it('has the fields of the GET, and no body', async () => {
    const { status, body, headers } = await ask({ etag: '"v"', 'x-a': '1' }, {}, { method: 'HEAD' })
    expect([status, body, headers.etag, headers['x-a'], headers['content-length'], headers.age]).toEqual([
      200,
      '',
      '"v"',
      '1',
      '10',
      '5',
    ])
  })
})
