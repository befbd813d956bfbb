import { once } from 'node:events'
import { type IncomingMessage, request as sendRequest } from 'node:http'
import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { contractSet, endpoint, proxy } from '../../contract/index.ts'
import { stream } from '../../contract/streams/stream.ts'
import type { RequestToExplain } from '../../protocol/admin/explain.ts'
import type { RateLimiter } from './admission.ts'
import { createMemoryStore } from './cache/memory-store.ts'
import { type TestOptions, testGateway } from './test-support.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const full = { 'x-api-key': 'full' }
const thing = { headers: { ...JSON_TYPE, ...full, 'idempotency-key': 'k1' }, body: '{"name":"a"}' }

const request = (method: string, target: string, expected: number, more: Partial<RequestToExplain> = {}) =>
  [`${method} ${target}`, expected, { method, target, headers: {}, ...more }] as const

/** 200 and 201 are the function's: nobody else answers those. */
const REQUESTS: readonly (readonly [string, number, RequestToExplain])[] = [
  request('GET', '/nowhere', 404),
  request('DELETE', '/v1/mails', 405),
  request('TRACE', '/v1/mails', 405),
  request('GET', '/v1/things/%2f', 400),
  request('GET', '/_/health', 200),
  request('GET', '/openapi.json', 200),
  request('OPTIONS', '/v1/mails', 204, {
    headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
  }),
  request('GET', '/v1/things/mine', 401),
  request('GET', '/v1/things/mine', 401, { headers: { 'x-api-key': 'nope' } }),
  request('GET', '/v1/things/mine', 400, { headers: { ...full, authorization: 'Bearer other' } }),
  request('GET', '/v1/ours', 403, { headers: full }),
  request('GET', '/v1/ours', 200, { headers: { 'x-api-key': 'acme' } }),
  request('POST', '/v1/things', 403, { ...thing, headers: { ...thing.headers, 'x-api-key': 'half' } }),
  request('POST', '/v1/things', 201, thing),
  request('POST', '/v1/things', 400, { ...thing, body: '{"name":7}' }),
  request('POST', '/v1/things', 400, { ...thing, body: '{' }),
  request('POST', '/v1/things', 400, { ...thing, headers: { ...JSON_TYPE, ...full } }),
  request('POST', '/v1/things', 415, { ...thing, headers: { ...thing.headers, 'content-type': 'text/csv' } }),
  request('GET', '/v1/things/7?limit=many', 400),
  request('GET', '/v1/things/7?limit=3', 200),
  request('HEAD', '/v1/things/7', 200),
  request('GET', '/v1/mails', 429, { headers: { 'x-api-key': 'mail' } }),
]

const refuseMails: RateLimiter = ({ rates }) => ({
  ...{ allowed: rates.every(({ key }) => !key.startsWith('list-mails')), release: () => {}, undo: () => {} },
  rates: rates.map(({ key }) => ({ allowed: !key.startsWith('list-mails'), remaining: 3, waitSeconds: 7 })),
})

const start = (options: TestOptions = {}) =>
  testGateway({
    upstream: (request, response) => {
      response.statusCode = request.method === 'POST' ? 201 : 200
      request.resume().on('end', () => response.end(request.method === 'HEAD' ? undefined : '{}'))
    },
    ...options,
    dependencies: { corsOrigins: ['https://app.example'], limiter: refuseMails, ...options.dependencies },
  })

it.each(REQUESTS)('%s is explained as it is answered: %i', async (_name, status, given) => {
  const { url, server, invoked, lines, shortCircuits } = await start()
  const explained = await server.explain(given)
  expect([invoked, lines, shortCircuits]).toEqual([[], [], []])
  const { method, target, headers, body } = given
  const answer = await send(url + target, { method, headers, body })
  expect(answer.status).toBe(status)
  const isForwarded = invoked.length > 0
  expect(explained.steps.map(({ decision }) => decision)).not.toContain('unexplained')
  if (isForwarded) {
    expect(explained.outcome).toBeNull()
    expect(explained.forwardsTo).toMatch(new RegExp(`^http://127.0.0.1:\\d+${target.replace('?', '\\?')}$`))
    return
  }
  expect(explained.outcome).toMatchObject({ status, error: answer.error ?? null })
  expect(explained.steps.at(-1)).toMatchObject({ decision: 'answers', step: explained.outcome?.by })
  if (answer.message !== undefined) expect(explained.steps.at(-1)?.why).toBe(answer.message)
})

/** As fetch would, which sends neither TRACE nor an Origin of one's own. */
async function send(url: string, { method, headers, body }: Pick<RequestToExplain, 'method' | 'headers' | 'body'>) {
  const sent = sendRequest(url, { method, headers }).end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const text = (await response.toArray()).join('')
  const isProblem = response.headers['content-type'] === 'application/problem+json' && text !== ''
  const { error, message } = isProblem ? JSON.parse(text) : {}
  return { status: response.statusCode, error, message } as { status: number; error?: string; message?: string }
}

it('every step of the list explains itself', async () => {
  const { server } = await start({
    trustedHops: 1,
    dependencies: {
      hosts: ['api.example'],
      requireHttps: { port: () => 443 },
      securityHeaders: { hstsSeconds: 1 },
      limitAddress: () => ({ allowed: true, remaining: 9, waitSeconds: 0 }),
      load: { requestCame: () => {}, lagMs: () => 0 },
      cache: { store: createMemoryStore({ maxBytes: 1_000_000 }) },
    },
  })
  const { steps } = await server.explain({
    ...{ method: 'POST', target: '/v1/things', headers: { ...thing.headers, host: 'api.example' }, body: thing.body },
  })
  expect(steps.filter(({ decision }) => decision !== 'passes')).toEqual([])
  expect(steps.at(-1)?.step).toBe('forward')
  expect(steps.length).toBeGreaterThan(20)
  for (const { step, why } of steps) expect([step, why]).toEqual([step, expect.stringMatching(/^\S.*\.$/s)])
})

it('says it beside proxies, whose paths end anywhere', async () => {
  const anyone = { anonymous: true } as const
  const reply = { status: 200, body: z.object({}) }
  const set = contractSet(
    {
      'get-new': endpoint({ name: 'get-new', summary: 'New.', method: 'GET', path: '/v1/new', reply, access: anyone }),
      old: proxy({ name: 'old', summary: 'Old.', path: '/*', upstream: { url: 'http://old' }, access: anyone }),
    },
    {},
  )
  const { server } = await start({ dependencies: { contracts: () => set } })
  const whyOf = async (target: string) => {
    const { steps } = await server.explain({ method: 'GET', target, headers: {} })
    return steps.find(({ step }) => step === 'route')?.why
  }
  expect(await whyOf('/v1/new')).toBe('GET /v1/new is get-new, and not old: /v1/new is more exact than /*.')
  expect(await whyOf('/v1/other')).toBe('* /* is old.')
})

it('says which routes were not taken, who calls, and what would be counted', async () => {
  const { server } = await start()
  const whyOf = async (given: RequestToExplain) => {
    const { steps } = await server.explain(given)
    return (step: string) => steps.find((one) => one.step === step)
  }
  const mine = await whyOf({ method: 'GET', target: '/v1/things/mine', headers: full })
  expect(mine('route')).toMatchObject({
    why: 'GET /v1/things/mine is get-mine, and not get-thing: /v1/things/mine is more exact than /v1/things/{id}; delete-thing: it takes DELETE.',
  })
  expect(mine('authenticate')).toMatchObject({ why: 'The key full is that of ann.', facts: { sub: 'ann' } })
  const mail = await whyOf({ method: 'POST', target: '/v1/mails', headers: {}, address: '192.0.2.7' })
  expect(mail('admit')).toMatchObject({
    why: 'It would be counted: burst (q=5;w=150) has 3 left.',
    facts: { rates: [{ key: 'send-mail address 192.0.2.7' }] },
  })
})

it('asks the limiter to look, and not to count', async () => {
  const asked: unknown[] = []
  const { server } = await start({
    dependencies: {
      limiter: (request) => {
        asked.push(request.peek)
        return refuseMails(request)
      },
    },
  })
  await server.explain({ method: 'POST', target: '/v1/mails', headers: {} })
  expect(asked).toEqual([true])
})

it('gives back what it has taken for a body', async () => {
  const { server } = await start({ maxBufferedBytes: 1_048_576 })
  const body = JSON.stringify({ name: 'n'.repeat(600_000) })
  for (let i = 0; i < 4; i++) {
    const { outcome } = await server.explain({ method: 'POST', target: '/v1/things', ...thing, body })
    expect(outcome).toBeNull()
  }
})

it('says what is stored, and sends it to nobody', async () => {
  const set = contractSet(
    {
      news: endpoint({
        ...{ name: 'news', summary: 'Shows news.', method: 'GET', path: '/v1/news', access: { anonymous: true } },
        ...{ reply: { status: 200, body: z.object({}) }, cache: { maxAgeSeconds: 60, shared: true } },
      }),
    },
    {},
  )
  const cache = { store: createMemoryStore({ maxBytes: 1_000_000, now: () => 0 }), now: () => 0 }
  const { server, url, invoked } = await start({
    upstream: (_request, response) =>
      response.setHeader('ebb-revision', '1').setHeader('content-type', 'application/json').end('{}'),
    dependencies: { contracts: () => set, cache },
  })
  const ask = () => server.explain({ method: 'GET', target: '/v1/news', headers: {} })
  expect((await ask()).steps.at(-2)).toMatchObject({ step: 'cache', decision: 'passes' })
  await (await fetch(`${url}/v1/news`)).text()
  const { outcome, steps } = await ask()
  expect([outcome, invoked.length]).toEqual([{ status: 200, error: null, by: 'cache' }, 1])
  expect(steps.at(-1)).toMatchObject({ decision: 'answers', facts: { ageSeconds: 0, freshSeconds: 60 } })
})

it('says what only a WebSocket may do, and what is passed on as it comes', async () => {
  const common = { summary: 'Talks.', access: { anonymous: true } } as const
  const set = contractSet(
    {
      'watch-news': endpoint({
        ...{ ...common, name: 'watch-news', method: 'GET', path: '/v1/watch' },
        ...{ upgrade: true, reply: { status: 101 } },
      }),
      'put-file': endpoint({
        ...{ ...common, name: 'put-file', method: 'PUT', path: '/v1/file', reply: { status: 204 } },
        body: stream({ type: 'application/octet-stream', maxBytes: 1_000 }),
      }),
    },
    {},
  )
  const { server } = await start({ dependencies: { contracts: () => set } })
  const plain = await server.explain({ method: 'GET', target: '/v1/watch', headers: {} })
  expect(plain.outcome).toMatchObject({ status: 426, by: 'upgrade' })
  const headers = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
  const socket = { ...headers, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }
  const asked = await server.explain({ method: 'GET', target: '/v1/watch', headers: socket })
  expect(asked.outcome).toBeNull()
  const bytes = { 'content-type': 'application/octet-stream' }
  const sent = await server.explain({ method: 'PUT', target: '/v1/file', headers: bytes, body: 'abc' })
  expect(sent.steps.find(({ step }) => step === 'takeBody')?.why).toBe(
    'The function gets the body as it comes, up to 1000 bytes.',
  )
  const long = await server.explain({ method: 'PUT', target: '/v1/file', headers: bytes, body: 'a'.repeat(1_001) })
  expect(long.outcome).toMatchObject({ status: 413, by: 'takeBody' })
})
