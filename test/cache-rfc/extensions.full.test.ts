import { describe, expect, it } from '@jest/globals'
import { type Asked, askTwice, cachingGateway, fresh, type Scripted } from './test-support.ts'

const saying = (control: string, headers: Scripted['headers'] = {}): Scripted => ({
  headers: { 'cache-control': control, ...headers },
})
const asking = (control: string): Asked => ({ headers: { 'cache-control': control } })

describe('RFC 5861, 3: stale-while-revalidate', () => {
  it('answers at once, and validates in the background, once', async () => {
    const gateway = await cachingGateway()
    gateway.script(saying('max-age=10, stale-while-revalidate=30', { etag: '"v"' }))
    await gateway.get()
    gateway.pass(20)
    const begun = Promise.withResolvers<() => void>()
    gateway.rescript({
      by: (_, response) =>
        begun.resolve(
          () => void response.writeHead(304, { 'cache-control': 'max-age=10', etag: '"v"', 'x-new': '1' }).end(),
        ),
    })
    const stale = [await gateway.get(), await gateway.get(), await gateway.get()]
    expect(stale.map(({ body, headers }) => [body, headers.age, headers['cache-status']])).toEqual(
      Array(3).fill(['answer 1', '20', 'ebb; hit; ttl=-10']),
    )
    ;(await begun.promise)()
    for (;;) if ((await gateway.get()).headers['x-new']) break
    expect([gateway.seen.length, gateway.seen[0]?.headers['if-none-match']]).toEqual([1, '"v"'])
  })

  it('goes on with the stale one while the background fails', async () => {
    const gateway = await cachingGateway()
    gateway.script(saying('max-age=10, stale-while-revalidate=30'))
    await gateway.get()
    gateway.pass(20)
    gateway.rescript({ status: 503 })
    expect([(await gateway.get()).status, (await gateway.get()).status]).toEqual([200, 200])
  })

  it('waits for the validation once that time is over', async () => {
    const gateway = await cachingGateway()
    gateway.script(saying('max-age=10, stale-while-revalidate=30'), fresh({}, { body: 'new' }))
    await gateway.get()
    gateway.pass(40)
    expect((await gateway.get()).body).toBe('new')
  })
})

describe('RFC 5861, 4: stale-if-error', () => {
  const after = async (control: string, failure: Scripted, { seconds = 20, asked = {} as Asked } = {}) => {
    const gateway = await cachingGateway()
    gateway.script(saying(control))
    await gateway.get()
    gateway.pass(seconds)
    gateway.rescript(failure)
    return gateway.get(asked)
  }
  const gone: Scripted = { by: ({ socket }) => void socket.destroy() }

  it.each<[string, Scripted]>([
    ...[500, 502, 503, 504].map((status): [string, Scripted] => [`a ${status}`, { status }]),
    ['a connection that breaks', gone],
  ])('answers stale in place of %s', async (_, failure) => {
    const { status, body, headers } = await after('max-age=10, stale-if-error=30', failure)
    expect([status, body, headers.age]).toEqual([200, 'answer 1', '20'])
  })

  it('answers stale where the request allows it', async () => {
    expect((await after('max-age=10', { status: 503 }, { asked: asking('stale-if-error=30') })).status).toBe(200)
  })

  it.each<[string, string, Scripted, number]>([
    ['a 404', 'max-age=10, stale-if-error=30', { status: 404 }, 404],
    ['a 501', 'max-age=10, stale-if-error=30', { status: 501 }, 501],
    ['a failure, once that time is over', 'max-age=10, stale-if-error=10', { status: 503 }, 503],
    ['a failure, with must-revalidate', 'max-age=10, stale-if-error=30, must-revalidate', { status: 503 }, 503],
    ['a failure, with no-cache', 'no-cache, stale-if-error=30', { status: 503 }, 503],
    ['a failure, without it', 'max-age=10', { status: 503 }, 503],
  ])('does not in place of %s', async (_, control, failure, status) => {
    expect((await after(control, failure)).status).toBe(status)
  })
})

describe('RFC 8246: immutable', () => {
  it.each<[string, string, number, number]>([
    ['is used although a page is loaded anew', 'max-age=0', 10, 1],
    ['is validated where a request insists', 'no-cache', 10, 2],
    ['is validated when it is stale', 'max-age=0', 60, 2],
  ])('%s', async (_, control, seconds, times) => {
    const answer = saying('max-age=60, immutable')
    const { asked } = await askTwice(await cachingGateway(), { answer, seconds, second: asking(control) })
    expect(asked).toBe(times)
  })

  it('says nothing of how long it is fresh', async () => {
    expect((await askTwice(await cachingGateway(), { answer: saying('immutable') })).asked).toBe(2)
  })
})

describe('RFC 9211: Cache-Status', () => {
  const statusOf = async (scripts: readonly Scripted[], asks: readonly Asked[], seconds = 10) => {
    const gateway = await cachingGateway()
    gateway.script(...scripts)
    let last: string | undefined
    for (const [i, asked] of asks.entries()) {
      if (i > 0) gateway.pass(seconds)
      last = (await gateway.get(asked)).headers['cache-status']
    }
    return last
  }
  const foo = (value: string): Asked => ({ headers: { foo: value } })

  it.each<[string, readonly Scripted[], readonly Asked[], number, string]>([
    ['a miss that is stored', [fresh()], [{}], 0, 'ebb; fwd=uri-miss; stored'],
    ['a miss that is not', [saying('no-store')], [{}], 0, 'ebb; fwd=uri-miss'],
    ['a hit', [fresh()], [{}, {}], 10, 'ebb; hit; ttl=50'],
    ['a miss of this variant', [fresh({ vary: 'Foo' })], [foo('1'), foo('2')], 1, 'ebb; fwd=vary-miss; stored'],
    [
      'a validation',
      [fresh({ etag: '"v"' }), { status: 304, headers: { 'cache-control': 'max-age=9' } }],
      [{}, {}],
      70,
      'ebb; fwd=stale; fwd-status=304; ttl=9; stored',
    ],
    [
      'one that the request asked for',
      [fresh({ etag: '"v"' }), { status: 304, headers: { 'cache-control': 'max-age=9' } }],
      [{}, asking('no-cache')],
      1,
      'ebb; fwd=request; fwd-status=304; ttl=9; stored',
    ],
    ['a stale one that is new', [fresh(), fresh()], [{}, {}], 70, 'ebb; fwd=stale; stored'],
    [
      'a stale one in place of a failure',
      [saying('max-age=10, stale-if-error=100'), { status: 503 }],
      [{}, {}],
      30,
      'ebb; fwd=stale; fwd-status=503; ttl=-20',
    ],
    [
      'a part, which is for the service',
      [fresh({}, { status: 206 })],
      [{ headers: { range: 'bytes=0-1' } }],
      0,
      'ebb; fwd=bypass',
    ],
    [
      'behind what another cache says',
      [fresh({ 'cache-status': 'origin; hit' })],
      [{}],
      0,
      'origin; hit, ebb; fwd=uri-miss; stored',
    ],
  ])('of %s', async (_, scripts, asks, seconds, status) => {
    expect(await statusOf(scripts, asks, seconds)).toBe(status)
  })

  it('of a request that waited for another', async () => {
    const gateway = await cachingGateway()
    const begun = Promise.withResolvers<() => void>()
    gateway.script({
      by: (_, response) =>
        begun.resolve(() => void response.writeHead(200, { 'cache-control': 'max-age=60' }).end('x')),
    })
    let came = 0
    gateway.gateway.server.on('request', () => came++)
    const both = [gateway.get(), gateway.get()]
    const answer = await begun.promise
    while (came < 2) await new Promise(setImmediate)
    answer()
    const statuses = (await Promise.all(both)).map(({ headers }) => headers['cache-status'])
    expect(statuses.sort()).toEqual(['ebb; fwd=uri-miss; stored', 'ebb; fwd=uri-miss; ttl=60; collapsed'])
  })
})

describe('RFC 9213: CDN-Cache-Control', () => {
  const both = (
    cdn: string | readonly string[],
    control = 'max-age=60',
    headers: Scripted['headers'] = {},
  ): Scripted => ({
    headers: { 'cache-control': control, 'cdn-cache-control': cdn, ...headers },
  })
  const later = 'Mon, 01 Jun 2026 13:00:00 GMT'

  it.each<[string, Scripted, number, number]>([
    ['is longer than Cache-Control', both('max-age=100'), 99, 1],
    ['is shorter', both('max-age=10'), 10, 2],
    ['stores what Cache-Control does not', both('max-age=60', 'no-store'), 10, 1],
    ['does not store what Cache-Control does', both('no-store'), 10, 2],
    ['is private', both('private'), 10, 2],
    ['is validated each time', both('no-cache, max-age=60'), 10, 2],
    ['leaves Expires out', both('max-age=10', '', { expires: later }), 10, 2],
    ['leaves Expires out, even without a time of its own', both('public', '', { expires: later }), 10, 2],
    ['has parameters, which mean nothing', both('max-age=100;x=1;y'), 99, 1],
    ['is more than one line', both(['public', 'max-age=100']), 99, 1],
    ['has unknown members, of any type', both('a=(1 2);q, b=:YQ==:, c="x\\"y", d=1.5, e=?0, max-age=100'), 99, 1],
    ['has the last of two', both('max-age=10, max-age=100'), 99, 1],
    ['is true in two ways', both('no-store=?1'), 10, 2],
    ['is not what is false', both('no-store=?0, max-age=100'), 99, 1],
  ])('%s', async (_, answer, seconds, times) => {
    expect((await askTwice(await cachingGateway(), { answer, seconds })).asked).toBe(times)
  })

  it.each([
    '',
    'max-age=100, &&&',
    'max-age=100,',
    'max-age =100',
    'Max-Age=100',
    'max-age=',
    'a="x',
    'max-age=100 private',
    ', a',
  ])('is ignored as a whole where it is empty or malformed: %s (2.2)', async (cdn) => {
    expect((await askTwice(await cachingGateway(), { answer: both(cdn, 'max-age=60'), seconds: 59 })).asked).toBe(1)
    expect((await askTwice(await cachingGateway(), { answer: both(cdn, 'no-store'), seconds: 1 })).asked).toBe(2)
  })

  it.each(['max-age="100"', 'max-age=1.5', 'max-age=x', 'max-age', 'max-age=-5'])(
    'gives no time where it is of the wrong type: %s',
    async (cdn) => {
      expect((await askTwice(await cachingGateway(), { answer: both(cdn, 'no-store'), seconds: 0 })).asked).toBe(2)
    },
  )

  it('is passed on, for the next cache', async () => {
    const { before, after } = await askTwice(await cachingGateway(), { answer: both('max-age=100') })
    expect([before.headers['cdn-cache-control'], after.headers['cdn-cache-control']]).toEqual([
      'max-age=100',
      'max-age=100',
    ])
  })
})
