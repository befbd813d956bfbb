import { describe, expect, it } from '@jest/globals'
import { askTwice, cachingGateway, fresh, httpDate, type Scripted } from './test-support.ts'

const NOW = Date.UTC(2026, 5, 1, 12)
const at = (seconds: number) => httpDate(NOW + seconds * 1_000)
const control = (...lines: readonly string[]): Scripted => ({ headers: { 'cache-control': lines } })

/** How often the origin was asked for two requests that are so far apart. */
const askedOf = async (answer: Scripted, seconds: number) =>
  (await askTwice(await cachingGateway(), { answer, seconds })).asked

describe('RFC 9111, 4.2: a response is used until it is as old as it is fresh', () => {
  it.each<[string, Scripted, number]>([
    ['max-age', control('max-age=100'), 100],
    ['max-age with zeros before it', control('max-age=00100'), 100],
    ['max-age in any case', control('MaX-AgE=100'), 100],
    ['max-age as a quoted string (5.2)', control('max-age="100"'), 100],
    ['max-age among others, white space and empty members', control(' , public ,\tmax-age=100 , '), 100],
    ['max-age of the first of two lines', control('max-age=100', 'max-age=200'), 100],
    ['max-age, the first of two', control('max-age=100, max-age=200'), 100],
    ['s-maxage before max-age (4.2.1)', control('max-age=200, s-maxage=100'), 100],
    ['max-age before Expires (4.2.1)', fresh({ 'cache-control': 'max-age=100', expires: at(200) }), 100],
    ['max-age before an Expires that has passed', fresh({ 'cache-control': 'max-age=100', expires: at(-200) }), 100],
    ['max-age before an Expires that is none', fresh({ 'cache-control': 'max-age=100', expires: '0' }), 100],
    ['Expires, from Date on (5.3)', { headers: { expires: at(50), date: at(-50) } }, 50],
    ['Expires without Date', { headers: { expires: at(100), date: undefined } }, 100],
    ['Expires in the form of RFC 850', { headers: { expires: 'Monday, 01-Jun-26 12:01:40 GMT' } }, 100],
    ['Expires in the form of asctime', { headers: { expires: 'Mon Jun  1 12:01:40 2026' } }, 100],
    ['Expires in any case', { headers: { expires: 'mON, 01 jUN 2026 12:01:40 gmt' } }, 100],
    ['Expires where Cache-Control says nothing of it', { headers: { expires: at(100), 'cache-control': 'x' } }, 100],
  ])('by %s', async (_, answer, seconds) => {
    expect([await askedOf(answer, seconds - 1), await askedOf(answer, seconds)]).toEqual([1, 2])
  })

  it.each<[string, Scripted]>([
    ['max-age=0', control('max-age=0')],
    ['a max-age that is no number', control('max-age=abc')],
    ['a max-age that only begins as one', control('max-age=100a')],
    ['a max-age below 0', control('max-age=-100')],
    ['a max-age with a fraction', control('max-age=100.5')],
    ['a max-age in single quotes', control("max-age='100'")],
    ['a max-age with a space before its sign', control('max-age =100')],
    ['a max-age with a space after its sign', control('max-age= 100')],
    ['a max-age within another directive’s text', control('x="max-age=100", max-age=0')],
    ['a max-age within a text, behind the real one', control('max-age=0, x="max-age=100"')],
    ['a max-age without a value', control('max-age')],
    ['s-maxage=0, whatever max-age says', control('max-age=100, s-maxage=0')],
    ['an s-maxage that is no number', control('max-age=100, s-maxage=x')],
    ['Expires: 0 (5.3)', { headers: { expires: '0' } }],
    ['an Expires that has passed', { headers: { expires: at(-1) } }],
    ['an Expires that is Date', { headers: { expires: at(0) } }],
    ['an Expires in another time zone', { headers: { expires: at(100).replace('GMT', 'UTC') } }],
    ['an Expires that is no date', { headers: { expires: 'tomorrow' } }],
    ['an Expires on a day that there is not', { headers: { expires: 'Mon, 31 Jun 2026 12:01:40 GMT' } }],
    ['two of Expires', { headers: { expires: [at(100), at(200)] } }],
    ['max-age=0, whatever Expires says', { headers: { 'cache-control': 'max-age=0', expires: at(100) } }],
  ])('and never by %s', async (_, answer) => {
    expect(await askedOf(answer, 0)).toBe(2)
  })

  it.each(['2147483647', '2147483648', '99999999999999999999'])('by max-age=%s as by 2^31 (1.2.2)', async (seconds) => {
    expect(await askedOf(control(`max-age=${seconds}`), 31_536_000)).toBe(1)
  })

  it.each<[string, Scripted]>([
    [
      'a Last-Modified in the form of RFC 850, of a century that has passed',
      { headers: { expires: 'Thursday, 18-Aug-94 02:01:18 GMT' } },
    ],
  ])('takes %s', async (_, answer) => {
    expect(await askedOf(answer, 0)).toBe(2)
  })
})

describe('RFC 9111, 4.2.2: a time is guessed', () => {
  const modified = (headers: Scripted['headers'] = {}, status = 200): Scripted => ({
    status,
    headers: { 'last-modified': at(-10_000), ...headers },
  })

  it.each<[string, Scripted, number]>([
    ['a tenth of the time since it was modified', modified(), 1_000],
    ['of at most a day', modified({ 'last-modified': at(-100_000_000) }), 86_400],
    ['where the status allows it', modified({}, 410), 1_000],
    ['where it is public, whatever the status', modified({ 'cache-control': 'public' }, 599), 1_000],
  ])('%s', async (_, answer, seconds) => {
    expect([await askedOf(answer, seconds - 1), await askedOf(answer, seconds)]).toEqual([1, 2])
  })

  it.each<[string, Scripted]>([
    ['where there is an explicit one', modified({ 'cache-control': 'max-age=0' })],
    ['where there is an explicit one that is none', modified({ expires: '0' })],
    ['where the status does not allow it', modified({}, 503)],
    ['where it was modified later than it is', modified({ 'last-modified': at(100) })],
  ])('but not %s', async (_, answer) => {
    expect(await askedOf(answer, 0)).toBe(2)
  })
})

describe('RFC 9111, 4.2.3: the age', () => {
  const aged = (age: string | readonly string[], headers: Scripted['headers'] = {}): Scripted =>
    fresh({ age, ...headers })

  it.each<[string, Scripted, string]>([
    ['begins with what the response had', aged('30'), '40'],
    ['begins with the time since Date', fresh({ date: at(-20) }), '30'],
    ['begins with the larger of the two', aged('5', { date: at(-20) }), '30'],
    ['begins with 0 where Date is in the future', fresh({ date: at(20) }), '10'],
    ['is of the first member of a list (5.1)', aged('0, 7200'), '10'],
    ['is of the first line (5.1)', aged(['0', '7200']), '10'],
    ['is of the first member, even where the others are the same', aged('3, 3'), '13'],
    ['ignores what is no number (5.1)', aged('abc'), '10'],
    ['ignores what is below 0 (5.1)', aged('-7200'), '10'],
    ['ignores a fraction (5.1)', aged('7200.0'), '10'],
  ])('%s', async (_, answer, age) => {
    const { asked, after } = await askTwice(await cachingGateway(), { answer, seconds: 10 })
    expect([asked, after.headers.age]).toEqual([1, age])
  })

  it.each<[string, Scripted]>([
    ['larger than the time that it is fresh', aged('60')],
    ['larger in the first of a list', aged('7200, 0')],
    ['larger in the first line', aged(['7200', '0'])],
    ['of 2^31 - 1', aged('2147483647')],
    ['of 2^31', aged('2147483648')],
    ['of more (1.2.2)', aged('99999999999999')],
    ['that Date tells', fresh({ date: at(-60) })],
  ])('%s makes a response stale', async (_, answer) => {
    expect(await askedOf(answer, 0)).toBe(2)
  })

  it('counts the time that the response took', async () => {
    const gateway = await cachingGateway()
    gateway.script({
      by: (_, response) => {
        gateway.pass(25)
        response.writeHead(200, { 'cache-control': 'max-age=60', age: '5', date: httpDate(gateway.now()) }).end()
      },
    })
    await gateway.get()
    expect((await gateway.get()).headers.age).toBe('30')
  })

  it('is there in each response from the cache, and Date is that of the origin (4, 5.1)', async () => {
    const { before, after } = await askTwice(await cachingGateway(), { answer: fresh(), seconds: 7 })
    expect([before.headers.age, after.headers.age, after.headers.date]).toEqual([undefined, '7', before.headers.date])
  })

  it('counts from the time of receipt where there is no Date, and one is added (RFC 9110, 6.6.1)', async () => {
    const { after } = await askTwice(await cachingGateway(), { answer: fresh({ date: undefined }), seconds: 7 })
    expect([after.headers.age, after.headers.date]).toEqual(['7', at(0)])
  })
})

describe('RFC 9111, 4.2.4: a stale response', () => {
  const disconnected: Scripted = { by: ({ socket }) => void socket.destroy() }

  it.each(['max-age=10', 'max-age=10, must-revalidate', 'max-age=10, proxy-revalidate', 's-maxage=10', 'no-cache'])(
    'is not used where the origin is gone: %s',
    async (directives) => {
      const gateway = await cachingGateway()
      gateway.script(control(directives))
      await gateway.get()
      gateway.pass(11)
      gateway.rescript(disconnected)
      expect((await gateway.get()).status).toBe(502)
    },
  )

  it.each(['must-revalidate', 'proxy-revalidate', 's-maxage=10'])(
    'is not used with %s, whatever else allows it',
    async (forbids) => {
      const gateway = await cachingGateway()
      gateway.script(control(`max-age=10, ${forbids}, stale-if-error=1000, stale-while-revalidate=1000`))
      await gateway.get()
      gateway.pass(11)
      gateway.rescript({ status: 503 })
      const { status } = await gateway.get({ headers: { 'cache-control': 'max-stale' } })
      expect([status, gateway.seen.length]).toEqual([503, 1])
    },
  )
})
