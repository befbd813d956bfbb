import { once } from 'node:events'
import { afterEach, describe, expect, it } from '@jest/globals'
import { endpoint, stream } from 'ebb/contract'
import * as z from 'zod'
import { spawnCli } from '../../../test/support/cli.ts'
import { TEST_PROJECT } from '../../../test/support/project.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { type AnyContract, toOutput } from '../../contract/index.ts'
import { importContracts } from '../../deploy/import-sources.ts'
import { type MockOptions, startMock } from './start-mock.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const Thing = z.object({ id: z.string(), name: z.string(), n: z.int() })
const common = { reply: { status: 200, body: Thing }, access: { anonymous: true } } as const
const THINGS: Readonly<Record<string, AnyContract>> = {
  'get-thing': endpoint({
    ...{ ...common, name: 'get-thing', summary: 'A thing.', method: 'GET', path: '/v1/things/{id}' },
    params: z.object({ id: z.string() }),
    failures: { thing_gone: { status: 410, data: z.object({ since: z.int().min(7).max(7) }) } },
    examples: {
      asked: { params: { id: 'a' } },
      first: { reply: { id: 'a', name: 'First', n: 1 } },
      second: { reply: { id: 'b', name: 'Second', n: 2 } },
    },
  }),
  'put-thing': endpoint({
    ...{ ...common, name: 'put-thing', summary: 'Keeps a thing.', method: 'PUT', path: '/v1/things/{id}' },
    ...{ params: z.object({ id: z.string() }), body: z.object({ name: z.string().trim() }) },
  }),
  'settle-thing': endpoint({
    ...{ name: 'settle-thing', summary: 'Settles a thing.', method: 'PUT', path: '/v1/settled/{id}' },
    ...{ params: z.object({ id: z.string() }), access: { anonymous: true }, conditional: 'optional' },
    reply: [
      {
        status: 200,
        body: Thing,
        headers: z.object({ 'x-total': z.int() }),
        cookies: { a: { value: z.literal('b') } },
      },
      { status: 204 },
      { status: 303, locations: ['https://pay.example.com/*'] },
      { status: 307, location: '/v1/things/{id}' },
    ],
    examples: { kept: { status: 204 }, pay: { status: 303 }, moved: { status: 307 } },
  }),
  'guess-thing': endpoint({
    ...{ ...common, name: 'guess-thing', summary: 'Nobody can guess.', method: 'GET', path: '/v1/guess' },
    reply: { status: 200, body: z.object({ code: z.string().regex(/^Q-\d{3}-[xyz]$/) }) },
  }),
  'keep-file': endpoint({
    ...{ name: 'keep-file', summary: 'Keeps a file.', method: 'PUT', path: '/v1/file', access: { anonymous: true } },
    ...{ body: stream({ type: 'text/csv', maxBytes: 10_000_000 }), reply: common.reply },
  }),
  'list-numbers': endpoint({
    ...{ name: 'list-numbers', summary: 'Lists.', method: 'GET', path: '/v1/numbers', access: { anonymous: true } },
    reply: { status: 200, stream: { type: 'application/x-ndjson', item: z.object({ n: z.int() }) } },
  }),
  'watch-numbers': endpoint({
    ...{ name: 'watch-numbers', summary: 'Watches.', method: 'GET', path: '/v1/events', access: { anonymous: true } },
    reply: { status: 200, stream: { type: 'text/event-stream', item: z.object({ n: z.int() }) } },
  }),
  'end-thing': endpoint({
    ...{ name: 'end-thing', summary: 'Ends a thing, later.', method: 'POST', path: '/v1/ends', async: true },
    ...{ reply: { status: 204 }, access: { scopes: ['things:write'] } },
  }),
}

async function started(contracts: Readonly<Record<string, AnyContract>>, options: Partial<MockOptions> = {}) {
  const mock = await startMock(contracts, { port: 0, seed: '1', ...options })
  closers.push(mock.stop)
  const call = (method: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: unknown) =>
    fetch(mock.url + path, {
      ...{ method, headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) } },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  return { call, ...mock }
}

const errorOf = async (answer: Response) => [answer.status, ((await answer.json()) as { error: string }).error]
const KEY = { 'x-api-key': 'any' }
const ada = { email: 'ada@example.com', name: 'Ada Lovelace' }

describe('a response', () => {
  it('200 is the reply of the first example, or of the preferred one', async () => {
    const { call } = await started(THINGS)
    expect(await (await call('GET', '/v1/things/x')).json()).toEqual({ id: 'a', name: 'First', n: 1 })
    const preferred = await call('GET', '/v1/things/x', { prefer: 'example=second' })
    expect([await preferred.json(), preferred.headers.get('preference-applied')]).toEqual([
      { id: 'b', name: 'Second', n: 2 },
      'example=second',
    ])
    const gone = await call('GET', '/v1/things/x', { prefer: 'failure=thing_gone' })
    expect([gone.status, await gone.json()]).toMatchObject([410, { error: 'thing_gone', data: { since: 7 } }])
    const none = await call('GET', '/v1/things/x', { prefer: 'example=third' })
    expect([none.status, await none.json()]).toMatchObject([400, { message: expect.stringContaining('first, second') }])
  })

  it('200 is sampled without an example, and echoes values of the request', async () => {
    const { call } = await started(THINGS)
    const made = await (await call('PUT', '/v1/things/seven', {}, { name: ' Lamp ' })).json()
    expect(made).toEqual({ id: 'seven', name: 'Lamp', n: expect.any(Number) })
  })

  it('200 streams some items, and takes what is streamed', async () => {
    const { call, url } = await started(THINGS)
    const numbers = await call('GET', '/v1/numbers')
    expect([numbers.headers.get('content-type'), await numbers.text()]).toEqual([
      ...['application/x-ndjson', expect.stringMatching(/^(\{"n":-?\d+\}\n){3}$/)],
    ])
    const events = await call('GET', '/v1/events')
    expect(await events.text()).toMatch(/^id: 1\ndata: \{"n":-?\d+\}\n\nid: 2\n/)
    const body = 'x'.repeat(3_000_000)
    const kept = await fetch(`${url}/v1/file`, { method: 'PUT', headers: { 'content-type': 'text/csv' }, body })
    expect([kept.status, await kept.json()]).toMatchObject([200, { n: expect.any(Number) }])
  })

  it('is the same for the same request and seed, and differs otherwise', async () => {
    const [one, same, other] = [await started(THINGS), await started(THINGS), await started(THINGS, { seed: '2' })]
    const nOf = async ({ call }: typeof one, name: string) =>
      ((await (await call('PUT', '/v1/things/a', {}, { name })).json()) as { n: number }).n
    const names = ['a', 'b', 'c', 'd', 'e']
    const all = (mock: typeof one) => Promise.all(names.map((name) => nOf(mock, name)))
    const first = await all(one)
    expect(await all(one)).toEqual(first)
    expect(await all(same)).toEqual(first)
    expect(await all(other)).not.toEqual(first)
    expect(new Set(first).size).toBeGreaterThan(1)
  })

  it('501 names the contract that needs an example', async () => {
    const { call } = await started(THINGS)
    const answer = await call('GET', '/v1/guess')
    expect([answer.status, await answer.json()]).toMatchObject([
      501,
      { message: expect.stringMatching(/guess-thing .*code: .*example/) },
    ])
  })

  it('of every endpoint of a project fits its contract, for any seed', async () => {
    const contracts = await importContracts(TEST_PROJECT)
    const requests: Readonly<Record<string, [path: string, body?: unknown]>> = {
      'create-user': ['/v1/users', ada],
      'get-user': ['/v1/users/0190b1c4-94a5-7d2c-8f43-0a1b2c3d4e5f'],
      'create-product': ['/v1/products', { sku: 'LAMP-1', name: 'Lamp', cents: 100, stock: 3 }],
      'list-products': ['/v1/products?limit=3'],
      'place-order': ['/v1/orders', { sku: 'LAMP-BRASS-01', quantity: 2, email: 'ada@example.com' }],
      'get-order': ['/v1/orders/0190b1c4-94a5-7d2c-8f43-0a1b2c3d4e5f'],
      'cancel-order': ['/v1/orders/0190b1c4-94a5-7d2c-8f43-0a1b2c3d4e5f'],
    }
    for (const seed of ['1', '2', '3', '4', '5', '6', '7', '8']) {
      const { call } = await started(contracts, { seed })
      for (const contract of Object.values(contracts)) {
        if (contract.kind !== 'endpoint' || !('body' in contract.reply) || !contract.reply.body) continue
        const [path = '', body] = requests[contract.name] ?? []
        const answer = await call(contract.method, path, { ...KEY, 'idempotency-key': `k-${seed}` }, body)
        expect([contract.name, answer.status]).toEqual([contract.name, contract.reply.status])
        expect(toOutput(contract.reply.body).safeParse(await answer.json()).error).toBeUndefined()
      }
    }
  })
})

describe('of several replies', () => {
  it('the first is sampled, with all that it has', async () => {
    const { call } = await started(THINGS)
    const answer = await call('PUT', '/v1/settled/7')
    expect([answer.status, ((await answer.json()) as { id: string }).id]).toEqual([200, '7'])
    expect(answer.headers.get('x-total')).toMatch(/^-?\d+$/)
    expect([answer.headers.getSetCookie(), answer.headers.get('etag')]).toEqual([
      ['a=b; Path=/; HttpOnly; Secure; SameSite=Lax'],
      '"1"',
    ])
  })

  it.each([
    ['kept', 204, null],
    ['pay', 303, 'https://pay.example.com/'],
    ['moved', 307, expect.stringMatching(/^\/v1\/things\/\d+$/)],
  ])('the example %s shows another one', async (example, status, location) => {
    const { url } = await started(THINGS)
    const headers = { prefer: `example=${example}` }
    const answer = await fetch(`${url}/v1/settled/7`, { method: 'PUT', headers, redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')]).toEqual([status, location])
  })
})

describe('a request', () => {
  it('is checked by the real gateway in front', async () => {
    const { call } = await started(await importContracts(TEST_PROJECT))
    const bad = await call('POST', '/v1/users', { ...KEY, 'idempotency-key': 'a' }, { email: 'no', role: 'admin' })
    expect(bad.status).toBe(400)
    expect(bad.headers.get('x-correlation-id')).toMatch(/./)
    expect(await bad.json()).toMatchObject({
      error: 'invalid_request',
      details: expect.arrayContaining([{ path: 'body.role', message: 'Unknown key' }]),
    })
    expect(await errorOf(await call('GET', '/v1/nothing'))).toEqual([404, 'not_found'])
    const wrong = await call('DELETE', '/v1/users')
    expect([wrong.headers.get('allow'), ...(await errorOf(wrong))]).toEqual(['POST', 405, 'method_not_allowed'])
    expect(await errorOf(await call('POST', '/v1/users', {}, ada))).toEqual([401, 'unauthenticated'])
  })

  it('201 again for a repeated key, 422 for another request under it', async () => {
    const { call } = await started(await importContracts(TEST_PROJECT))
    const create = (body: unknown) => call('POST', '/v1/users', { ...KEY, 'idempotency-key': 'one' }, body)
    const [first, second] = [await create(ada), await create(ada)]
    expect(await first.json()).toMatchObject(ada)
    expect([second.status, second.headers.get('idempotency-replayed')]).toEqual([201, 'true'])
    expect(first.headers.get('location')).toBe(second.headers.get('location'))
    expect(await errorOf(await create({ ...ada, name: 'Eve' }))).toEqual([422, 'idempotency_mismatch'])
  })

  it('409 fails as its contract declares, on request', async () => {
    const { call } = await started(await importContracts(TEST_PROJECT))
    const create = (key: string, headers: Readonly<Record<string, string>>) =>
      call('POST', '/v1/users', { ...KEY, 'idempotency-key': key, ...headers }, ada)
    expect(await errorOf(await create('a', { 'ebb-mock-failure': 'email_taken' }))).toEqual([409, 'email_taken'])
    expect(await errorOf(await create('b', { prefer: 'failure=email_taken' }))).toEqual([409, 'email_taken'])
    const unknown = await create('c', { 'ebb-mock-failure': 'toString' })
    expect([unknown.status, await unknown.json()]).toMatchObject([
      400,
      { message: expect.stringMatching(/it has email_taken/) },
    ])
  })

  it('202 shows the outcome to its caller only', async () => {
    const { call } = await started(THINGS)
    const accepted = await call('POST', '/v1/ends', { ...KEY, prefer: 'respond-async' })
    expect(accepted.status).toBe(202)
    const location = accepted.headers.get('location') ?? ''
    expect(await (await call('GET', location, KEY)).json()).toMatchObject({ state: 'done', result: { status: 204 } })
    expect((await call('GET', location, { 'x-api-key': 'other' })).status).toBe(404)
  })
})

describe('fault injection', () => {
  it('503 for a share of the requests, the same ones for the same seed; a retry may succeed', async () => {
    const failing = { status: 503, rate: 0.5 }
    const statuses = async () => {
      const { call } = await started(THINGS, { failing })
      const answers: Response[] = []
      for (let i = 0; i < 20; i++) answers.push(await call('GET', '/v1/things/x'))
      const failed = answers.filter(({ status }) => status === 503)
      expect(failed.map(({ headers }) => headers.get('retry-after'))).toEqual(failed.map(() => '1'))
      return answers.map(({ status }) => status)
    }
    const first = await statuses()
    expect(new Set(first)).toEqual(new Set([200, 503]))
    expect(await statuses()).toEqual(first)
  })

  it('adds latency', async () => {
    const { call } = await started(THINGS, { latency: { minMs: 150, maxMs: 200 } })
    const beganAt = performance.now()
    expect((await call('GET', '/v1/things/x')).status).toBe(200)
    expect(performance.now() - beganAt).toBeGreaterThanOrEqual(145)
  })
})

describe('ebb mock', () => {
  it('runs until Ctrl-C, and logs each request', async () => {
    const cli = spawnCli(['mock', '--port', '0', '--json', '--fail', '503:1'])
    closers.push(cli.kill)
    await untilTrue(() => cli.lines.length > 0)
    const { url, endpoints } = JSON.parse(cli.lines[0] ?? '')
    expect(endpoints).toBe((await importContractNames()).length)
    expect((await fetch(`${url}/v1/products`)).status).toBe(503)
    await untilTrue(() => cli.lines.length > 1)
    expect(JSON.parse(cli.lines[1] ?? '')).toMatchObject({ event: 'request', path: '/v1/products', status: 503 })
    cli.child.kill('SIGINT')
    expect(await once(cli.child, 'close')).toEqual([0, null])
  })

  it.each([
    [['--fail', '200:1'], '--fail must be a status from 400 to 599 and a rate from 0 to 1, such as 503:0.2'],
    [['--latency', '9-1'], '--latency must be milliseconds, or a range of them, such as 200 or 100-400'],
    [['--port', 'x'], '--port must be from 0 to 65535; 0 is any free one'],
  ])('explains what is wrong with %j', async (args, sentence) => {
    const { code, stderr } = await spawnCli(['mock', ...args]).ended
    expect([code, stderr]).toEqual([2, `ebb: ${sentence}\n`])
  })
})

const importContractNames = async () =>
  Object.values(await importContracts(TEST_PROJECT)).filter(({ kind }) => kind === 'endpoint')

it('a reply beyond ASCII arrives unchanged', async () => {
  const reply = { name: 'Zo\u00eb \u2603 \u{1f600}' }
  const contract = endpoint({
    ...{ name: 'get-name', summary: 'Says a name.', method: 'GET', path: '/v1/name', access: { anonymous: true } },
    reply: { status: 200, body: z.object({ name: z.string() }) },
    examples: { one: { reply } },
  })
  const mock = await startMock({ 'get-name': contract }, { port: 0, seed: '1' })
  try {
    const response = await fetch(`${mock.url}/v1/name`)
    expect(await response.json()).toEqual(reply)
  } finally {
    await mock.stop()
  }
})
