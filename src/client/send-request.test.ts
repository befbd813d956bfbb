import { describe, expect, it } from '@jest/globals'
import { type ClientOptions, createClient, type Middleware } from './index.ts'
import { json, listOrders, never, placeOrder, refusal, scriptedServer, searchOrders } from './test-support.ts'

const { baseUrl, requests, respondWith } = await scriptedServer()
const create = (options: Partial<ClientOptions>) =>
  createClient({ listOrders, placeOrder, searchOrders }, { baseUrl, minDelayMs: 1, ...options })
const sentTokens = () => requests.map(({ headers }) => headers.authorization)

describe('the token', () => {
  it('is asked for before each request, the retries too', async () => {
    let count = 0
    const client = create({ token: async () => `t${++count}` })
    respondWith(refusal(503, 'unavailable'), json(200, []))
    expect((await client.listOrders()).ok).toBe(true)
    await client.searchOrders()
    expect(sentTokens()).toEqual(['Bearer t1', 'Bearer t2', 'Bearer t3'])
  })

  it('that is refused is replaced once, also for what cannot be repeated otherwise', async () => {
    const asked: unknown[] = []
    const token = (refused?: string) => {
      asked.push(refused)
      return refused ? 'new' : 'old'
    }
    const client = create({ token, retries: 0 })
    respondWith(refusal(401, 'unauthenticated'), json(201, { id: '1', sku: 'a' }))
    const placed = await client.placeOrder({ params: { shop: 's' }, body: { sku: 'a' } })
    expect(placed).toMatchObject({ ok: true, status: 201 })
    expect([asked, sentTokens()]).toEqual([
      [undefined, 'old'],
      ['Bearer old', 'Bearer new'],
    ])
    expect(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
  })

  it.each([
    ['there is no other', (refused?: string) => (refused ? undefined : 'old'), 1],
    ['it is the same', () => 'old', 1],
    ['the other one is refused, too', (refused?: string) => (refused ? 'new' : 'old'), 2],
    ['there is none', () => undefined, 1],
  ])('401 where %s', async (_, token, times) => {
    respondWith(refusal(401, 'unauthenticated'))
    expect(await create({ token }).listOrders()).toMatchObject({ ok: false, error: 'unauthenticated' })
    expect(requests).toHaveLength(times)
  })

  it('that cannot be had is no response, and one that does not come ends with the call', async () => {
    const fails = create({ token: () => Promise.reject(new Error('logged out')), retries: 0 })
    expect(await fails.listOrders()).toMatchObject({ error: 'network', cause: { message: 'logged out' } })
    const hangs = create({ token: () => new Promise<string>(() => {}) })
    expect(await hangs.listOrders({ timeoutMs: 50 })).toMatchObject({ error: 'timeout' })
    expect(await hangs.listOrders({ signal: AbortSignal.timeout(10) })).toMatchObject({ error: 'aborted' })
    expect(requests).toHaveLength(0)
  })

  it('and a key are one too many', () => {
    expect(() => create({ token: () => 't', key: 'k' })).toThrow('give a client a `key` or a `token`, and not both')
  })
})

describe('middleware', () => {
  const named =
    (name: string, log: string[]): Middleware =>
    async ({ init, ...request }, next) => {
      log.push(`${name} ${request.endpoint}`)
      const response = await next({ ...request, init: { ...init, headers: { ...init.headers, [`x-${name}`]: '1' } } })
      log.push(`${name} ${response.status}`)
      return response
    }

  it('stands around each request in its order, and sees its headers', async () => {
    const log: string[] = []
    const sees: Middleware = (request, next) => {
      log.push(String(request.init.headers.authorization))
      return next(request)
    }
    respondWith(refusal(503, 'unavailable'), json(200, []))
    const client = create({ middleware: [named('a', log), named('b', log), sees], token: () => 't' })
    expect((await client.listOrders()).ok).toBe(true)
    const once = ['a list-orders', 'b list-orders', 'Bearer t']
    expect(log).toEqual([...once, 'b 503', 'a 503', ...once, 'b 200', 'a 200'])
    expect(requests[1]?.headers).toMatchObject({ 'x-a': '1', 'x-b': '1' })
  })

  it('may answer itself, and what it throws is no response', async () => {
    const answers = create({ middleware: [async () => Response.json([{ id: '1', sku: 'a' }])] })
    expect(await answers.listOrders()).toMatchObject({ ok: true, data: [{ id: '1', sku: 'a' }] })
    const throws = create({ middleware: [() => Promise.reject(new Error('no'))], retries: 0 })
    expect(await throws.listOrders()).toMatchObject({ error: 'network', cause: { message: 'no' } })
    expect(requests).toHaveLength(0)
  })

  it('is ended with the call', async () => {
    respondWith(never)
    for (const one of [
      (request, next) => next(request),
      () => new Promise<Response>(() => {}),
    ] satisfies Middleware[]) {
      const client = create({ middleware: [one] })
      expect(await client.listOrders({ timeoutMs: 50 })).toMatchObject({ error: 'timeout' })
    }
  })
})
