import { describe, expect, it } from '@jest/globals'
import { type Asked, cachingGateway, fresh, type Scripted } from './test-support.ts'

const asking = (control: string): Asked => ({ headers: { 'cache-control': control } })
const saying = (control: string, headers: Scripted['headers'] = {}): Scripted => ({
  headers: { 'cache-control': control, ...headers },
})

/** How often the origin was asked, and the last status, when this is asked for `seconds` after the first request. */
async function ask(answer: Scripted, asked: Asked, seconds = 10, contract: Parameters<typeof cachingGateway>[0] = {}) {
  const gateway = await cachingGateway(contract)
  gateway.script(answer)
  await gateway.get()
  gateway.pass(seconds)
  const { status } = await gateway.get(asked)
  return { asked: gateway.seen.length, status, headers: gateway.seen.at(-1)?.headers ?? {} }
}

describe('RFC 9111, 5.2.1: what a request says, where its route honours it', () => {
  it.each<[string, string, number, number]>([
    ['max-age (5.2.1.1): younger is used', 'max-age=10', 10, 1],
    ['max-age: older is not', 'max-age=9', 10, 2],
    ['max-age=0: none is', 'max-age=0', 0, 2],
    ['max-age and max-stale: as much older as that says', 'max-age=5, max-stale=5', 10, 1],
    ['max-stale (5.2.1.2): as stale as that says is used', 'max-stale=10', 70, 1],
    ['max-stale: staler is not', 'max-stale=9', 70, 2],
    ['max-stale without a value: any', 'max-stale', 110, 1],
    ['max-stale that is no number: none', 'max-stale=x', 70, 2],
    ['min-fresh (5.2.1.3): what stays fresh for so long is used', 'min-fresh=50', 10, 1],
    ['min-fresh: what does not is not', 'min-fresh=51', 10, 2],
    ['no-cache (5.2.1.4): none is', 'no-cache', 0, 2],
    ['no-store (5.2.1.5): what is stored is used', 'no-store', 10, 1],
    ['no-transform (5.2.1.6): what is stored is used', 'no-transform', 10, 1],
    ['only-if-cached (5.2.1.7): what is stored is used', 'only-if-cached', 10, 1],
    ['what nobody knows', 'unknown, x=y', 10, 1],
    ['nothing, in Pragma: no-cache (5.4)', '', 10, 1],
  ])('%s', async (_, control, seconds, times) => {
    const asked = control === '' ? { headers: { pragma: 'no-cache' } } : asking(control)
    expect((await ask(fresh(), asked, seconds)).asked).toBe(times)
  })

  it('no-cache validates what is stored', async () => {
    expect((await ask(fresh({ etag: '"v"' }), asking('no-cache'), 0)).headers['if-none-match']).toBe('"v"')
  })

  it('only-if-cached is answered 504 where nothing is stored, or it is not fresh', async () => {
    const gateway = await cachingGateway()
    gateway.script(fresh())
    expect((await gateway.get(asking('only-if-cached'))).status).toBe(504)
    expect(gateway.seen).toHaveLength(0)
    expect((await ask(fresh(), asking('only-if-cached'), 60)).status).toBe(504)
  })

  it('no-store keeps the answer to a validation from being stored', async () => {
    const gateway = await cachingGateway()
    gateway.script(fresh())
    await gateway.get()
    gateway.pass(61)
    gateway.rescript(fresh({}, { body: 'new' }))
    await gateway.get(asking('no-store'))
    await gateway.get()
    expect(gateway.seen).toHaveLength(2)
  })

  it.each(['no-cache', 'max-age=0', 'min-fresh=1000'])('%s means nothing otherwise', async (control) => {
    expect((await ask(fresh(), asking(control), 10, { cache: 'origin' })).asked).toBe(1)
  })
})

describe('RFC 9111, 5.2.2: what a response says', () => {
  it.each<[string, string, number, number]>([
    ['must-revalidate (5.2.2.2): is used fresh', 'max-age=60, must-revalidate', 10, 1],
    ['must-revalidate: is validated stale', 'max-age=60, must-revalidate', 60, 2],
    ['no-cache (5.2.2.4): is validated each time', 'max-age=60, no-cache', 0, 2],
    ['no-cache in any case', 'max-age=60, No-CaChE', 0, 2],
    ['no-cache beside one that names fields: each time', 'max-age=60, no-cache, no-cache="a"', 0, 2],
    ['no-cache that names fields: is used', 'max-age=60, no-cache="a"', 10, 1],
    ['private that names fields (5.2.2.7): is used', 'max-age=60, private="a"', 10, 1],
    ['private with an empty list: is not stored', 'max-age=60, private=""', 0, 2],
    ['proxy-revalidate (5.2.2.8): is used fresh', 'max-age=60, proxy-revalidate', 10, 1],
    ['no-transform (5.2.2.6): is used', 'max-age=60, no-transform', 10, 1],
    ['no-store within a text: is used', 'max-age=60, x="no-store"', 10, 1],
    ['an unclosed text: what is before it counts', 'max-age=60, x="no-store', 10, 1],
    ['nothing, in Pragma: no-cache (5.4)', 'max-age=60', 10, 1],
  ])('%s', async (_, control, seconds, times) => {
    expect((await ask(saying(control, { pragma: 'no-cache' }), {}, seconds)).asked).toBe(times)
  })

  it('no-cache is validated by what it has, and a 304 is answered with what is stored', async () => {
    const gateway = await cachingGateway()
    gateway.script(saying('no-cache', { etag: '"v"' }), { status: 304, headers: { etag: '"v"' } })
    await gateway.get()
    for (const _ of 'ab') expect((await gateway.get()).body).toBe('answer 1')
    expect(gateway.seen.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"v"', '"v"'])
  })

  it('no-cache is not used stale, whatever a request says', async () => {
    expect((await ask(saying('max-age=60, no-cache'), asking('max-stale'), 0)).asked).toBe(2)
  })

  it('must-revalidate is not used stale, whatever a request says', async () => {
    expect((await ask(saying('max-age=60, must-revalidate'), asking('max-stale=1000'), 61)).asked).toBe(2)
  })
})
