import { beforeEach, describe, expect, it } from '@jest/globals'
import { createIdentityVerifier } from 'ebb/protocol'
import { testDatabase } from 'ebb/testing'
import { attemptsOf, countStates, deliveriesOf, emit, emptyOutbox, query, TRACEPARENT } from './test-outbox.ts'
import { keys, type Respond, startSubscriber, startTestRelay, subscription, until } from './test-support.ts'

const { url } = testDatabase()
beforeEach(() => emptyOutbox(url))

const settled = (state: string, count = 1) =>
  until(`${count} ${state}`, async () => (await countStates(url))[state] === count)

/** One relay, and one subscriber that responds with `answer`. */
async function start(answer?: Respond, parts: Parameters<typeof subscription>[1] = {}) {
  const { received, template } = await startSubscriber(answer)
  const relay = await startTestRelay(url, template, { subscriptions: [subscription('send-welcome', parts)] })
  return { received, ...relay }
}

const historyOf = async (id: string) => (await attemptsOf(url, id)).map(({ number, status }) => [number, status])

describe('an event', () => {
  it('reaches its subscriber as a signed CloudEvent, and is done at 2xx', async () => {
    const { received, log } = await start((response) => response.writeHead(200, { 'ebb-revision': 'r7' }).end('thanks'))
    const id = await emit(url, { subject: 'Zoë "100 %" ☃', payload: { name: 'Zoë', big: 1 } })
    await settled('done')

    expect(received.map((one) => [one.url, JSON.parse(one.body)])).toEqual([
      ['/send-welcome/', { name: 'Zoë', big: 1 }],
    ])
    const headers = received[0]?.headers
    expect(headers).toMatchObject({
      'ce-specversion': '1.0',
      'ce-id': id,
      'ce-source': 'create-user',
      'ce-type': 'user.created',
      'ce-time': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/),
      'ce-subject': 'Zo%C3%AB%20%22100%20%25%22%20%E2%98%83',
      'ce-traceparent': TRACEPARENT,
      'ce-correlationid': 'correlation-1',
      'ce-ebbattempt': '1',
      'ce-callerid': 'ann',
      'ce-ebbhops': '0',
      traceparent: TRACEPARENT,
      'x-correlation-id': 'correlation-1',
      'ebb-timeout-ms': '5000',
      'content-type': 'application/json',
    })
    const verify = createIdentityVerifier((await keys).jwks, 'send-welcome')
    expect(await verify(String(headers?.['ebb-identity']))).toEqual({ sub: 'relay', scopes: [], iss: 'ebb:relay' })
    expect(await attemptsOf(url, id)).toMatchObject([
      { number: 1, status: 200, error: null, body: 'thanks', revision: 'r7', traceparent: TRACEPARENT },
    ])
    expect(log.deliveries()).toMatchObject([
      {
        ...{ event: id, type: 'user.created', function: 'send-welcome', attempt: 1, outcome: 'done', status: 200 },
        ...{ correlationId: 'correlation-1', traceId: '0af7651916cd43dd8448eb211c80319c' },
      },
    ])
  })

  it('of a tenant is signed for that tenant, and no other event is', async () => {
    const { received } = await start()
    await emit(url, { tenant: 'acme' })
    await settled('done')
    await emit(url)
    await settled('done', 2)
    const verify = createIdentityVerifier((await keys).jwks, 'send-welcome')
    const identities = await Promise.all(received.map(({ headers }) => verify(String(headers['ebb-identity']))))
    expect(identities.map(({ sub, tenant }) => [sub, tenant])).toEqual([
      ['relay', 'acme'],
      ['relay', undefined],
    ])
    expect(received.map(({ headers }) => headers['ce-tenant'])).toEqual(['acme', undefined])
  })

  it('waits for the poll without a NOTIFY, and not with one', async () => {
    const { received } = await start()
    const waits = async () => {
      const id = await emit(url, { notify: false })
      for (let looks = 0; looks < 20; looks++) if ((await deliveriesOf(url, id)).length > 0) return false
      return true
    }
    // The first poll may be under way, and take what comes during it: not what comes when that is done.
    let emitted = 1
    while (!(await waits()) && emitted < 3) await settled('done', emitted++)
    expect(received).toHaveLength(emitted - 1)
    await query(url, 'notify ebb_outbox')
    await settled('done', emitted)
    expect(received).toHaveLength(emitted)
  })

  it('of a type without a subscriber is marked and makes no delivery', async () => {
    await start()
    const id = await emit(url, { type: 'user.deleted' })
    await until('it is marked', async () => {
      const marked = await query(url, 'select from ebb.outbox where id = $1 and fanned_out_at is not null', [id])
      return marked.length === 1
    })
    expect(await deliveriesOf(url, id)).toEqual([])
  })

  it('makes one delivery for each of its subscribers', async () => {
    const { received, template } = await startSubscriber()
    const subscriptions = [subscription('send-welcome'), subscription('count-users')]
    await startTestRelay(url, template, { subscriptions })
    await emit(url)
    await settled('done', 2)
    expect(received.map((one) => one.url).sort()).toEqual(['/count-users/', '/send-welcome/'])
  })
})

describe('a delivery', () => {
  it('is tried again after a 503, and done then', async () => {
    const { received, log } = await start((response, count) => response.writeHead(count === 1 ? 503 : 204).end())
    const id = await emit(url)
    await settled('done')
    expect(received.map(({ headers }) => headers['ce-ebbattempt'])).toEqual(['1', '2'])
    expect(await historyOf(id)).toEqual([
      [1, 503],
      [2, 204],
    ])
    expect(log.deliveries()).toMatchObject([
      { outcome: 'retry', status: 503 },
      { outcome: 'done', status: 204 },
    ])
    const [retried] = log.deliveries()
    expect(retried?.retryInMs).toBeGreaterThanOrEqual(20)
    expect(retried?.retryInMs).toBeLessThanOrEqual(40)
  })

  it('is not tried again before its Retry-After', async () => {
    const { log } = await start((response, count) =>
      count === 1 ? response.writeHead(429, { 'retry-after': '1' }).end() : response.writeHead(204).end(),
    )
    const id = await emit(url)
    await settled('done')
    const [first, second] = await attemptsOf(url, id)
    expect(Number(second?.started_at) - Number(first?.started_at)).toBeGreaterThanOrEqual(1_000)
    const [retried] = log.deliveries()
    expect(retried).toMatchObject({ outcome: 'retry', status: 429 })
    expect(retried?.retryInMs).toBeGreaterThanOrEqual(1_000)
    expect(retried?.retryInMs).toBeLessThanOrEqual(1_020)
  })

  it('is dead at once after another 4xx', async () => {
    const { received } = await start((response) =>
      response.writeHead(422, { 'ebb-revision': 'r1' }).end('{"error":"unknown_user"}'),
    )
    const id = await emit(url)
    await settled('dead')
    expect(received).toHaveLength(1)
    expect(await attemptsOf(url, id)).toMatchObject([{ number: 1, status: 422, body: '{"error":"unknown_user"}' }])
  })

  it('is dead when its attempts are used up, and keeps the history of each', async () => {
    const { log } = await start((response, count) => response.writeHead(500).end(`${count}\0${'é'.repeat(5_000)}`))
    const id = await emit(url)
    await settled('dead')
    expect(await historyOf(id)).toEqual([
      [1, 500],
      [2, 500],
      [3, 500],
    ])
    expect((await attemptsOf(url, id)).map(({ body }) => body)).toEqual(
      [1, 2, 3].map((count) => `${count}\u{fffd}${'é'.repeat(511)}`),
    )
    expect(log.deliveries().map(({ outcome }) => outcome)).toEqual(['retry', 'retry', 'dead'])
  })

  it('without a response records why, and counts', async () => {
    await start((response) => response.destroy(), { retry: { attempts: 2, minDelayMs: 1, maxDelayMs: 1 } })
    const id = await emit(url)
    await settled('dead')
    expect(await historyOf(id)).toEqual([
      [1, null],
      [2, null],
    ])
    expect((await attemptsOf(url, id)).map(({ error }) => error)).toEqual(['other side closed', 'other side closed'])
  })

  it('is leased for as long as its function may take, a cold start and the settling', async () => {
    let answer = () => {}
    const { received } = await start((response) => {
      answer = () => response.writeHead(204).end()
    })
    await emit(url)
    await until('it is in flight', () => received.length === 1)
    const [lease] = await query<{ ms: number }>(
      url,
      'select extract(epoch from locked_until - now())::float8 * 1000 as ms from ebb.delivery',
    )
    expect(lease?.ms).toBeGreaterThan(100 + 5_000)
    expect(lease?.ms).toBeLessThanOrEqual(100 + 5_000 + 10_000)
    answer()
    await settled('done')
  })

  it('whose function does not answer in time is given up and tried again', async () => {
    const { log } = await start(
      (response, count) => {
        if (count > 1) response.writeHead(204).end()
      },
      { timeoutMs: 100 },
    )
    await emit(url)
    await settled('done')
    expect(log.deliveries()).toMatchObject([{ outcome: 'retry', error: 'Headers Timeout Error' }, { outcome: 'done' }])
  })
})
