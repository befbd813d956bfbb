import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from '@jest/globals'
import { createIdentityVerifier } from 'ebb/protocol'
import { testDatabase } from 'ebb/testing'
import { emitAll, emptyOutbox, query, TRACEPARENT } from './test-outbox.ts'
import { keys, type Respond, startSubscriber, startTestRelay, subscription, until } from './test-support.ts'

const { url } = testDatabase()
beforeEach(async () => {
  await emptyOutbox(url)
  await query(url, 'truncate ebb.invocation cascade')
})

const ROUTE = { name: 'make-report', async: true, timeoutMs: 5_000, scale: { max: 1, concurrency: 10 } }

async function start(answer: Respond, options: Partial<Parameters<typeof startTestRelay>[2]> = {}) {
  const { received, template } = await startSubscriber(answer)
  const relay = await startTestRelay(url, template, { subscriptions: [], routes: [ROUTE], ...options })
  return { received, ...relay }
}

/** Stores an invocation as the gateway does; returns its id. */
async function keep(body = '') {
  const id = randomUUID()
  await query(
    url,
    `insert into ebb.invocation (id, caller, scopes, tenant, function, method, target, headers, body, correlation_id, traceparent)
     values ($1, 'ann', '{a:b}', 'acme', 'make-report', 'PUT', '/v1/reports/%7B1%7D?q=''x''&a', '{"content-type": "application/json"}',
             $2, 'correlation-1', $3)`,
    [id, Buffer.from(body), TRACEPARENT],
  )
  await query(url, 'notify ebb_outbox')
  return id
}

interface Kept {
  readonly state: string
  readonly attempts: number
  readonly status: number | null
  readonly answer_headers: object | null
  readonly answer_body: Buffer | null
}
const stateOf = async (id: string) => (await query<Kept>(url, 'select * from ebb.invocation where id = $1', [id]))[0]
const settled = (id: string, state: string) => until(`it is ${state}`, async () => (await stateOf(id))?.state === state)

it('calls the function as the caller did, in the name of its caller, under the id as key', async () => {
  const { received, log } = await start((response) =>
    response
      .writeHead(201, { 'content-type': 'application/json', location: '/v1/r/1', 'x-inner': 'no' })
      .end('{"é":1}'),
  )
  const id = await keep('{ "of": "me" }')
  await settled(id, 'done')
  expect(received).toMatchObject([
    {
      ...{ url: "/make-report/v1/reports/%7B1%7D?q='x'&a", body: '{ "of": "me" }' },
      headers: {
        ...{ 'content-type': 'application/json', 'idempotency-key': id, 'x-correlation-id': 'correlation-1' },
        ...{ traceparent: TRACEPARENT, 'ebb-timeout-ms': '5000' },
      },
    },
  ])
  const verify = createIdentityVerifier((await keys).jwks, 'make-report')
  expect(await verify(String(received[0]?.headers['ebb-identity']))).toEqual({
    ...{ sub: 'ann', scopes: ['a:b'], tenant: 'acme', act: 'relay', iss: 'ebb:relay' },
  })
  expect(await stateOf(id)).toMatchObject({
    ...{ state: 'done', attempts: 1, status: 201, answer_body: Buffer.from('{"é":1}') },
    answer_headers: { 'content-type': 'application/json', location: '/v1/r/1' },
  })
  expect(log.deliveries()).toMatchObject([
    {
      ...{ event: id, type: 'invocation', function: 'make-report', attempt: 1, outcome: 'done', status: 201 },
      ...{ correlationId: 'correlation-1', traceId: '0af7651916cd43dd8448eb211c80319c' },
    },
  ])
})

it('a response that breaks off is none, and the call is made again', async () => {
  const { received } = await start((response, count) => {
    response.writeHead(200, { 'content-length': '10' })
    if (count > 1) response.end('0123456789')
    else response.write('01234', () => response.destroy())
  })
  const id = await keep()
  await settled(id, 'done')
  expect([received.length, (await stateOf(id))?.answer_body?.toString()]).toEqual([2, '0123456789'])
})

it.each([
  [1024 * 1024, true],
  [1024 * 1024 + 1, false],
])('a response of %d bytes is done; its body is stored: %p', async (bytes, kept) => {
  await start((response) => response.writeHead(200).end('x'.repeat(bytes)))
  const id = await keep()
  await settled(id, 'done')
  const { status, answer_body: body } = (await stateOf(id)) ?? {}
  expect([status, body?.length ?? null]).toEqual([200, kept ? bytes : null])
})

it('a subscriber that never answers takes no slot from it, nor it from a subscriber', async () => {
  const { received } = await start(
    (response, _count, { url: path }) => {
      if (path !== '/stuck/') response.writeHead(204).end()
    },
    { subscriptions: [subscription('stuck', { on: 'stuck.made', timeoutMs: 60_000 })], maxInFlight: 10 },
  )
  await emitAll(url, { type: 'stuck.made', count: 100 })
  await until('it is stuck', () => received.length === 5)
  const ids = await Promise.all(Array.from({ length: 20 }, () => keep()))
  for (const id of ids) await settled(id, 'done')
  expect(received.filter((one) => one.url === '/stuck/')).toHaveLength(5)
})

it('an endpoint that is not asynchronous is left alone', async () => {
  const { received } = await start((response) => response.writeHead(204).end(), {
    routes: [{ ...ROUTE, async: false }],
  })
  const id = await keep()
  for (let looks = 0; looks < 10; looks++) expect((await stateOf(id))?.state).toBe('waiting')
  expect(received).toEqual([])
})
