import type { RequestListener } from 'node:http'
import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { contractSet, endpoint } from '../../../contract/index.ts'
import type { VariantResponse } from '../../../protocol/index.ts'
import { createMemoryStore } from '../cache/memory-store.ts'
import { testGateway } from '../test-support.ts'
import type { RunningCanary } from '../variants.ts'

const reply = { status: 200, body: z.object({ n: z.int() }) }
const get = { summary: 'Shows.', method: 'GET', reply, access: { anonymous: true } } as const
const contracts = contractSet(
  {
    plain: endpoint({ ...get, name: 'plain', path: '/v1/plain', failures: { sold_out: 409 } }),
    news: endpoint({ ...get, name: 'news', path: '/v1/news', cache: { maxAgeSeconds: 60, shared: true } }),
  },
  { openapi: '3.1.0' },
)

const answer =
  (status: number, body: unknown): RequestListener =>
  (_request, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', 'ebb-revision': '1' })
      .end(JSON.stringify(body))
const FINE = answer(200, { n: 1 })

/** A gateway with a canary of each function, and what it counts. */
async function start({
  canary = FINE,
  ...running
}: Partial<RunningCanary> & { readonly canary?: RequestListener } = {}) {
  const counted: VariantResponse[] = []
  const gateway = await testGateway({
    prefix: '/{name}',
    upstream: (request, response) => (request.url?.startsWith('/canary-') ? canary : FINE)(request, response),
    dependencies: {
      contracts: () => contracts,
      cache: { store: createMemoryStore({ maxBytes: 1_000_000 }) },
      authenticate: {
        key: async (sub) => ({ caller: { sub, scopes: [] }, credential: { kind: 'key', id: sub } }),
      },
      canaries: {
        of: () => ({ share: 30, byHeader: false, mayDiffer: [], ...running }),
        count: (_caller, response) => void counted.push(response),
        mayCheck: () => true,
        mayCopy: () => false,
        shadowed: () => {},
      },
    },
  })
  const ask = async (path: string, key: string, headers: Record<string, string> = {}) => {
    const response = await fetch(gateway.url + path, { headers: { 'x-api-key': key, ...headers } })
    return { status: response.status, variant: response.headers.get('ebb-variant'), text: await response.text() }
  }
  return { ...gateway, counted, ask }
}

const callers = Array.from({ length: 200 }, (_, i) => `caller-${i}`)

it('each caller stays with one revision, and the canary gets its share of them', async () => {
  const { ask, invoked } = await start()
  const first = await Promise.all(callers.map(async (key) => (await ask('/v1/plain', key)).variant))
  const again = await Promise.all(callers.map(async (key) => (await ask('/v1/plain', key)).variant))
  expect(again).toEqual(first)
  const share = first.filter((variant) => variant === 'canary').length / callers.length
  expect(share).toBeGreaterThan(0.2)
  expect(share).toBeLessThan(0.4)
  expect(invoked.filter((line) => line === 'GET /canary-plain/v1/plain').length / invoked.length).toBe(share)
})

it('a response of the canary is stored for its callers alone', async () => {
  const { ask } = await start({ canary: answer(200, { n: 2 }) })
  const answers = []
  for (const key of callers.slice(0, 40)) answers.push(await ask('/v1/news', key))
  const seen = new Set(answers.map(({ variant, text }) => `${variant} ${text}`))
  expect([...seen].sort()).toEqual(['canary {"n":2}', 'stable {"n":1}'])
})

it('a caller chooses by a header only where the canary allows it, and is not counted then', async () => {
  const closed = await start({ share: 0 })
  expect((await closed.ask('/v1/plain', 'ann', { 'ebb-variant': 'canary' })).variant).toBe('stable')
  const open = await start({ share: 0, byHeader: true })
  expect((await open.ask('/v1/plain', 'ann', { 'ebb-variant': 'canary' })).variant).toBe('canary')
  expect((await open.ask('/v1/plain', 'ann', { 'ebb-variant': 'other' })).variant).toBe('stable')
  expect(open.counted).toMatchObject([{ variant: 'stable' }])
})

it('what was answered is counted by what the contract says of it', async () => {
  const answers: readonly (readonly [RequestListener, Partial<VariantResponse>])[] = [
    [FINE, { status: 200, undeclared: false, broken: false }],
    [answer(200, { n: 'one' }), { status: 200, undeclared: false, broken: true }],
    [answer(201, { n: 1 }), { status: 201, undeclared: true, broken: undefined }],
    [answer(500, { error: 'internal' }), { status: 500, undeclared: true, broken: false }],
    [answer(409, { error: 'sold_out' }), { status: 409, undeclared: false, broken: false }],
    [answer(409, { error: 'gone_fishing' }), { status: 409, undeclared: false, broken: true }],
    [(request) => void request.socket.destroy(), { status: undefined, undeclared: false, broken: undefined }],
  ]
  for (const [canary, expected] of answers) {
    const { ask, counted } = await start({ share: 100, canary })
    await ask('/v1/plain', 'ann')
    expect(counted).toMatchObject([{ name: 'plain', variant: 'canary', ...expected }])
  }
})

it('what the canary cannot be reached for, the old revision answers, and that counts against the canary', async () => {
  // As Knative's ingress does where there is no such host, and nothing of a function.
  const { ask, counted, invoked } = await start({
    share: 100,
    canary: (_request, response) => void response.writeHead(404).end(),
  })
  expect(await ask('/v1/plain', 'ann')).toMatchObject({ status: 200, text: '{"n":1}' })
  expect(invoked).toEqual(['GET /canary-plain/v1/plain', 'GET /plain/v1/plain'])
  expect(counted).toMatchObject([
    { variant: 'canary', status: undefined, isReached: false },
    { variant: 'stable', status: 200 },
  ])
})

it('the failures of a canary open no circuit breaker of the function', async () => {
  const { ask } = await start({ share: 50, canary: answer(502, {}) })
  const answers = []
  for (const key of callers) answers.push(await ask('/v1/plain', key))
  const stable = answers.filter(({ variant }) => variant === 'stable')
  expect(stable.length).toBeGreaterThan(50)
  expect(stable.every(({ status }) => status === 200)).toBe(true)
})

it('without a canary, replies are compared with the contract as often as is asked', async () => {
  const checked: unknown[] = []
  const gateway = await testGateway({
    upstream: answer(200, { n: 'one' }),
    dependencies: {
      contracts: () => contracts,
      metrics: {
        ...{ shortCircuited: () => {}, shed: () => {}, refused: () => {}, completed: () => {}, judged: () => {} },
        mayCheckReply: () => checked.length < 1,
        replyChecked: (reply) => void checked.push(reply),
      },
    },
  })
  for (let i = 0; i < 2; i++) expect((await fetch(`${gateway.url}/v1/plain`)).status).toBe(200)
  expect(checked).toEqual([{ name: 'plain', revision: '1', fits: false }])
})
