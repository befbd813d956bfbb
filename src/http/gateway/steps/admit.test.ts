import { expect, it } from '@jest/globals'
import type { RateLimiter } from '../admission.ts'
import { testGateway } from '../test-support.ts'

const MAILS = '/v1/mails'
const send = (url: string, headers: Record<string, string> = {}) => fetch(url + MAILS, { method: 'POST', headers })
const list = (url: string, key?: string) => fetch(url + MAILS, { headers: key ? { 'x-api-key': key } : {} })
const fieldsOf = ({ headers }: Response) =>
  ['ratelimit-policy', 'ratelimit', 'retry-after'].map((name) => headers.get(name))

/** A limiter that keeps what it was asked, and answers what a test says. */
function setUp(allowance = { allowed: true, remaining: 4, waitSeconds: 7 }) {
  const asked: unknown[] = []
  const limiter: RateLimiter = ({ rates }) => {
    for (const { key, limit } of rates) asked.push([key, limit])
    const { allowed } = allowance
    return { allowed, rates: rates.map(() => allowance), release: () => {}, undo: () => {} }
  }
  return { asked, dependencies: { limiter } }
}

it('200 the function’s response says what remains, whatever the function’s own headers say', async () => {
  const { dependencies, asked } = setUp()
  const { url } = await testGateway({
    dependencies,
    upstream: (_request, response) => {
      response.writeHead(200, { RateLimit: '"theirs";r=1', 'x-kept': '1' }).end('{}')
    },
  })
  const answer = await send(url)
  expect([answer.status, answer.headers.get('x-kept')]).toEqual([200, '1'])
  expect(fieldsOf(answer)).toEqual(['"burst";q=5;w=150', '"burst";r=4;t=7', null])
  expect(asked).toEqual([['send-mail address 127.0.0.1', { requests: 2, perSeconds: 60, burst: 5 }]])
})

it('429 beyond the limit, without invoking the function', async () => {
  const { url, invoked, shortCircuits } = await testGateway(setUp({ allowed: false, remaining: 0, waitSeconds: 31 }))
  const answer = await send(url)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([429, 'application/problem+json'])
  expect(fieldsOf(answer)).toEqual(['"burst";q=5;w=150', '"burst";r=0;t=31', '31'])
  expect(await answer.json()).toMatchObject({
    ...{ status: 429, error: 'rate_limited', correlationId: answer.headers.get('x-correlation-id') },
    message: 'The limit is 2 requests in 60 s; the next may come in 31 s.',
    policy: 'burst',
  })
  expect([invoked, shortCircuits]).toEqual([[], ['rate_limited']])
})

it.each([
  ['400 a refusal after it', '?more=1', undefined, 400],
  ['502 a function that breaks off', '', () => {}, 502],
])('%s says what remains, too', async (_name, query, breakOff, status) => {
  const { dependencies } = setUp()
  const { url } = await testGateway({
    dependencies,
    ...(breakOff ? { upstream: ({ socket }) => socket.destroy() } : {}),
  })
  const answer = await fetch(url + MAILS + query, { method: 'POST' })
  expect([answer.status, ...fieldsOf(answer)]).toEqual([status, '"burst";q=5;w=150', '"burst";r=4;t=7', null])
})

it.each([
  ['401 without a key', undefined, 401],
  ['401 with a wrong one', 'unknown', 401],
  ['403 without the scope', 'half', 403],
])('%s, no request is counted', async (_name, key, status) => {
  const { dependencies, asked } = setUp()
  const { url } = await testGateway({ dependencies })
  const answer = await list(url, key)
  expect([answer.status, asked, ...fieldsOf(answer)]).toEqual([status, [], null, null, null])
})

it('200 a caller with a key is limited by it, not by the address', async () => {
  const { dependencies, asked } = setUp()
  const { url } = await testGateway({ dependencies })
  await list(url, 'mail')
  await send(url, { authorization: 'Bearer mail' })
  expect(asked).toEqual([
    ['list-mails caller cy', { requests: 1, perSeconds: 1, burst: 1 }],
    ['send-mail caller cy', { requests: 2, perSeconds: 60, burst: 5 }],
  ])
})

it('200 HEAD counts as its GET, and a route without a limit is not counted', async () => {
  const { dependencies, asked } = setUp()
  const { url } = await testGateway({ dependencies })
  const head = await fetch(url + MAILS, { method: 'HEAD', headers: { 'x-api-key': 'mail' } })
  expect([head.status, head.headers.get('ratelimit')]).toEqual([200, '"burst";r=4;t=7'])
  expect(fieldsOf(await fetch(`${url}/v1/things/1`))).toEqual([null, null, null])
  expect(asked).toHaveLength(1)
})

it('anonymous callers behind one trusted proxy have a limit each; addresses that they forge are ignored', async () => {
  const { dependencies, asked } = setUp()
  const { url } = await testGateway({ dependencies, trustedHops: 1 })
  for (const forwarded of ['192.0.2.1', '192.0.2.2', '192.0.2.9, 192.0.2.1', '2001:db8::1']) {
    await send(url, { 'x-forwarded-for': forwarded })
  }
  const limit = { requests: 2, perSeconds: 60, burst: 5 }
  const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.1', '2001:db8:0:0']
  expect(asked).toEqual(addresses.map((address) => [`send-mail address ${address}`, limit]))
})
