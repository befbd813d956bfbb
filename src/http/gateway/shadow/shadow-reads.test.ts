import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { untilTrue } from '../../../../test/support/until.ts'
import { contractSet, endpoint } from '../../../contract/index.ts'
import type { ShadowOutcome, VariantResponse } from '../../../protocol/index.ts'
import { testGateway } from '../test-support.ts'
import type { RunningCanary } from '../variants.ts'

const reply = { status: 200, body: z.object({ n: z.number(), at: z.string() }) }
const access = { anonymous: true } as const
const contracts = contractSet(
  {
    'get-sum': endpoint({ name: 'get-sum', summary: 'Shows.', method: 'GET', path: '/v1/sum', reply, access }),
    'find-sum': endpoint({
      ...{ name: 'find-sum', summary: 'Finds.', method: 'POST', path: '/v1/find', reply, access, reads: true },
      body: z.object({ q: z.string() }),
    }),
    'add-sum': endpoint({
      ...{ name: 'add-sum', summary: 'Adds.', method: 'POST', path: '/v1/sum', reply, access },
    }),
    'ask-both': endpoint({
      ...{ name: 'ask-both', summary: 'Asks.', method: 'GET', path: '/v1/both', reply, access, calls: ['add-sum'] },
    }),
  },
  { openapi: '3.1.0' },
)

interface Seen {
  readonly name: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A gateway with a canary that gets copies; each answer of its functions is what `answer` says. */
async function start(
  answer: (seen: Seen, all: readonly Seen[]) => object | Promise<object>,
  { mayDiffer = [], mayCopy = () => true }: Partial<RunningCanary> & { readonly mayCopy?: () => boolean } = {},
) {
  const seen: Seen[] = []
  const outcomes: ShadowOutcome[] = []
  const counted: VariantResponse[] = []
  const upstream: RequestListener = async (request, response) => {
    const one = { name: request.url?.split('/')[1] ?? '', headers: request.headers, body: await text(request) }
    seen.push(one)
    const { status = 200, ...body } = { at: 'now', ...(await answer(one, seen)) } as { status?: number }
    response.writeHead(status, { 'content-type': 'application/json', 'ebb-revision': '1' }).end(JSON.stringify(body))
  }
  const gateway = await testGateway({
    ...{ prefix: '/{name}', upstream },
    dependencies: {
      contracts: () => contracts,
      canaries: {
        of: () => ({ share: 0, byHeader: false, mayDiffer }),
        ...{ mayCheck: () => true, mayCopy },
        count: (_caller, response) => void counted.push(response),
        shadowed: (_name, outcome) => void outcomes.push(outcome),
      },
    },
  })
  const over = (count: number) => untilTrue(() => outcomes.length === count)
  return { ...gateway, seen, outcomes, counted, over }
}

const names = (seen: readonly Seen[]) => seen.map(({ name }) => name)

it('a read is copied once its caller has the answer, as the same caller, marked, and counted for the canary', async () => {
  const { url, seen, outcomes, counted, over, answered } = await start(() => ({ n: 1 }))
  const response = await fetch(`${url}/v1/sum`, { headers: { 'x-api-key': 'full', 'x-correlation-id': 'abc-12345' } })
  expect([await response.json(), response.headers.get('ebb-variant')]).toEqual([{ n: 1, at: 'now' }, 'stable'])
  await over(1)
  expect(names(seen)).toEqual(['get-sum', 'canary-get-sum'])
  const [first, copy] = seen.map(({ headers }) => headers)
  expect(first?.['ebb-shadow']).toBeUndefined()
  expect(copy).toMatchObject({
    'ebb-shadow': 'true',
    'ebb-identity': 'ann for get-sum',
    'x-correlation-id': 'abc-12345',
  })
  expect(outcomes).toMatchObject([{ finding: 'same', calls: 1, differences: [] }])
  expect(counted.map(({ variant, status }) => [variant, status])).toEqual([
    ['stable', 200],
    ['canary', 200],
  ])
  // One request has come, whatever was copied.
  expect(answered).toHaveLength(1)
})

it('what differs is asked of the old revision again: only what it says twice is a difference', async () => {
  const canary = await start(({ name }) => ({ n: name.startsWith('canary') ? 2 : 1 }))
  expect(await (await fetch(`${canary.url}/v1/sum`)).json()).toMatchObject({ n: 1 })
  await canary.over(1)
  expect(names(canary.seen)).toEqual(['get-sum', 'canary-get-sum', 'get-sum'])
  expect(canary.outcomes).toMatchObject([{ finding: 'differs', calls: 2, differences: ['n: another number'] }])

  const data = await start((_seen, all) => ({ n: all.length > 1 ? 2 : 1 }))
  await fetch(`${data.url}/v1/sum`)
  await data.over(1)
  expect(data.outcomes).toMatchObject([{ finding: 'changed', differences: [] }])

  const clock = await start((_seen, all) => ({ n: 1, at: `${all.length}` }))
  await fetch(`${clock.url}/v1/sum`)
  await clock.over(1)
  expect(clock.outcomes).toMatchObject([{ finding: 'noise', differences: [] }])
})

it('what may differ is no difference; a failure of the canary is one', async () => {
  const allowed = await start((_seen, all) => ({ n: 1, at: `${all.length}` }), { mayDiffer: ['at'] })
  await fetch(`${allowed.url}/v1/sum`)
  await allowed.over(1)
  expect(allowed.outcomes).toMatchObject([{ finding: 'same', calls: 1 }])

  const failing = await start(({ name }) => (name.startsWith('canary') ? { status: 500 } : { n: 1 }))
  expect((await fetch(`${failing.url}/v1/sum`)).status).toBe(200)
  await failing.over(1)
  expect(failing.outcomes).toMatchObject([{ finding: 'differs', differences: ['status: 500 in place of 200'] }])
  expect(failing.counted).toMatchObject([{ status: 200 }, { variant: 'canary', status: 500, undeclared: true }])
})

it('a POST that reads is copied with its body, no write is, and no read whose function calls one that writes', async () => {
  const { url, seen, over } = await start(() => ({ n: 1 }))
  const post = (path: string) =>
    fetch(url + path, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
      ...(path === '/v1/find' ? { body: '{"q":"lamp"}' } : {}),
    })
  expect((await post('/v1/sum')).status).toBe(200)
  expect((await fetch(`${url}/v1/both`)).status).toBe(200)
  expect((await post('/v1/find')).status).toBe(200)
  await over(1)
  expect(names(seen)).toEqual(['add-sum', 'ask-both', 'find-sum', 'canary-find-sum'])
  expect(seen.at(-1)?.body).toBe('{"q":"lamp"}')
})

it('a canary that hangs holds up nobody: four copies wait for it, and what comes meanwhile is counted and not copied', async () => {
  const gate = Promise.withResolvers<void>()
  const { url, seen, outcomes, over } = await start(async ({ name }) => {
    if (name.startsWith('canary')) await gate.promise
    return { n: 1 }
  })
  for (let i = 0; i < 10; i++) expect((await fetch(`${url}/v1/sum`)).status).toBe(200)
  await over(6)
  expect(outcomes.every(({ finding }) => finding === 'dropped')).toBe(true)
  expect(names(seen).filter((name) => name === 'canary-get-sum')).toHaveLength(4)
  gate.resolve()
  await over(10)
  await fetch(`${url}/v1/sum`)
  await over(11)
  expect(outcomes.at(-1)).toMatchObject({ finding: 'same' })
})

it('nothing is copied beyond what each second may have', async () => {
  const { url, seen, over, outcomes } = await start(() => ({ n: 1 }), { mayCopy: () => false })
  await fetch(`${url}/v1/sum`)
  await over(1)
  expect([names(seen), outcomes]).toEqual([['get-sum'], [{ finding: 'dropped' }]])
})
