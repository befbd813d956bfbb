import { beforeEach, describe, expect, it } from '@jest/globals'
import { createIdentityVerifier } from 'ebb/protocol'
import { testDatabase } from 'ebb/testing'
import { startScriptedBroker } from '../../../test/broker/scripted-broker.ts'
import { startTestIssuer, type TokenOptions } from '../../../test/support/test-issuer.ts'
import { attemptsOf, countStates, deliveriesOf, emit, emptyOutbox, query, TRACEPARENT } from '../test-outbox.ts'
import {
  closeLater,
  keys,
  type Respond,
  startSubscriber,
  startTestRelay,
  subscription,
  until,
} from '../test-support.ts'

const { url } = testDatabase()
beforeEach(() => emptyOutbox(url))

const AUDIENCE = 'ebb-relay'
const SUBJECT = 'system:serviceaccount:shop:send-welcome-oidc'
/** As the API server of Kubernetes writes them: without `typ`. */
const broker = (more: object = {}) => ({
  claims: { aud: [AUDIENCE], sub: SUBJECT, client_id: undefined, scope: undefined, ...more },
  header: { typ: undefined },
})

interface SetUp {
  readonly answer?: Respond
  readonly options?: Partial<Parameters<typeof startScriptedBroker>[0]>
  readonly subscriptions?: Parameters<typeof startTestRelay>[2]['subscriptions']
  readonly env?: Readonly<Record<string, string>>
}

/** A relay with a broker that brings `user.created` to one subscriber. */
async function setUp({ answer, options, env, subscriptions = [subscription('send-welcome')] }: SetUp = {}) {
  const { received, template } = await startSubscriber(answer)
  const issuer = await startTestIssuer()
  const scripted = await startScriptedBroker({ token: () => issuer.token(broker()), ...options })
  closeLater(scripted.stop)
  const identity = {
    issuer: issuer.issuer,
    audience: AUDIENCE,
    allowHttp: true,
    subjects: ['system:serviceaccount:shop:*'],
  }
  const relay = await startTestRelay(url, template, {
    subscriptions,
    env: {
      ...{ EBB_BROKER_URL: scripted.url, EBB_BROKER_TOKEN: 'token-of-the-relay', EBB_BROKER_PORT: '0' },
      ...{ EBB_BROKER_IDENTITY: JSON.stringify(identity), ...env },
    },
  })
  const to = (path: string) => `${relay.brokerUrl}/_/${path}/send-welcome`
  scripted.subscribe({ type: 'user.created', to: to('events'), deadLettersTo: to('dead-letters') })
  return { received, issuer, broker: scripted, to, ...relay }
}

const settled = (states: Readonly<Record<string, number>>) =>
  until(JSON.stringify(states), async () => JSON.stringify(await countStates(url)) === JSON.stringify(states))

describe('an event goes to the broker', () => {
  it('once, as a CloudEvent with our token and without Ebb-Identity, and comes back as its subscriber knows it', async () => {
    const {
      broker: scripted,
      received,
      admin,
    } = await setUp({
      env: { EBB_BROKER_HEADERS: '{"x-team":"shop"}' },
      subscriptions: [subscription('send-welcome'), subscription('greet-user')],
    })
    const id = await emit(url, { subject: 'users/7', payload: { n: 1, a: 2 }, tenant: 'acme' })
    await settled({ done: 1 })
    await scripted.settled()
    expect(await deliveriesOf(url, id)).toMatchObject([{ consumer: 'broker', state: 'done', attempts: 1 }])
    expect(scripted.state.seen).toEqual([
      expect.objectContaining({
        authorization: 'Bearer token-of-the-relay',
        'x-team': 'shop',
        traceparent: TRACEPARENT,
      }),
    ])
    expect(scripted.state.seen[0]).not.toHaveProperty('ebb-identity')
    expect(
      scripted.stored.map(({ id, type, subject, data, ...rest }) => [id, type, subject, data, rest.ebbattempt]),
    ).toEqual([[id, 'user.created', 'users/7', { n: 1, a: 2 }, undefined]])

    expect(received.map((one) => [one.url, JSON.parse(one.body)])).toEqual([['/send-welcome/', { n: 1, a: 2 }]])
    expect(received[0]?.headers).toMatchObject({
      ...{ 'ce-id': id, 'ce-source': 'create-user', 'ce-tenant': 'acme', 'ce-callerid': 'ann', 'ce-ebbhops': '0' },
      ...{ 'x-correlation-id': 'correlation-1', 'ebb-timeout-ms': '5000' },
    })
    expect(received[0]?.headers).not.toHaveProperty('ce-ebbproof')
    const verify = createIdentityVerifier((await keys).jwks, 'send-welcome')
    expect(await verify(String(received[0]?.headers['ebb-identity']))).toMatchObject({ sub: 'relay', tenant: 'acme' })
    const metrics = await (await fetch(`${admin}/metrics`)).text()
    for (const consumer of ['broker', 'send-welcome'])
      expect(metrics).toContain(`ebb_delivery_attempt_duration_seconds_count{consumer="${consumer}",outcome="done"} 1`)
  })

  it('and none while its Retry-After lasts', async () => {
    const { broker: scripted } = await setUp({ options: { answer: () => 429 } })
    scripted.state.headers = { 'retry-after': '3600' }
    await emit(url)
    await until('it was refused', () => scripted.state.seen.length === 1)
    for (let i = 0; i < 20; i++) await emit(url)
    await until('all wait', async () => (await countStates(url)).waiting === 21)
    expect(scripted.state.seen).toHaveLength(1)
  })

  it('no more where the way goes back: the relay calls its subscriber, and takes what the broker still has', async () => {
    const { broker: scripted, received, to, issuer } = await setUp({ env: { EBB_BROKER_DRAIN: 'true' } })
    const id = await emit(url)
    await settled({ done: 1 })
    expect(await deliveriesOf(url, id)).toMatchObject([{ consumer: 'send-welcome' }])
    expect([scripted.stored.length, received.length]).toEqual([0, 1])
    expect((await send(to('events'), issuer.token(broker()), {})).status).toBe(422)
  })

  it('but not of a subscriber with a rate, and not of a schedule', async () => {
    const rate = { requests: 10, perSeconds: 1, burst: 10 }
    const { broker: scripted, received } = await setUp({ subscriptions: [subscription('send-welcome', { rate })] })
    const id = await emit(url)
    await settled({ done: 1 })
    expect([scripted.stored.length, received.length]).toEqual([0, 1])
    expect(await deliveriesOf(url, id)).toMatchObject([{ consumer: 'send-welcome' }])
  })
})

describe('what the broker gives up', () => {
  it('is a dead letter with its last answer, and a redrive goes straight to the subscriber', async () => {
    let isBroken = true
    const {
      broker: scripted,
      received,
      admin,
    } = await setUp({
      answer: (response) => response.writeHead(isBroken ? 500 : 204).end(isBroken ? 'the mail server is away' : ''),
    })
    const id = await emit(url)
    await settled({ dead: 1, done: 1 })
    await scripted.settled()
    expect(received).toHaveLength(3)
    expect(await deliveriesOf(url, id)).toMatchObject([
      { consumer: 'broker', state: 'done' },
      { consumer: 'send-welcome', state: 'dead', attempts: 1 },
    ])
    expect((await attemptsOf(url, id))[1]).toMatchObject({
      ...{ consumer: 'send-welcome', number: 1, status: 500 },
      ...{ error: 'the broker gave it up', body: 'the mail server is away' },
    })
    expect(await (await fetch(`${admin}/metrics`)).text()).toContain(
      'ebb_broker_dead_letters_total{consumer="send-welcome"} 1',
    )
    isBroken = false
    await query(
      url,
      `update ebb.delivery set state = 'waiting', settled_at = null, available_at = now(), forgiven = attempts where state = 'dead'`,
    )
    await query(url, `notify ebb_outbox`)
    await settled({ done: 2 })
    expect([received.length, scripted.stored.length]).toEqual([4, 1])
  })

  it('is one dead letter however often it is said, and none where it was done before', async () => {
    const { to, issuer } = await setUp()
    const id = await emit(url)
    await settled({ done: 1 })
    const giveUp = () => send(to('dead-letters'), issuer.token(broker()), { 'ce-id': id, 'ce-knativeerrorcode': '500' })
    expect([(await giveUp()).status, (await giveUp()).status]).toEqual([202, 202])
    expect(await countStates(url)).toEqual({ dead: 1, done: 1 })
    await query(url, `delete from ebb.delivery; update ebb.attempt set outcome = 'done'`)
    expect((await giveUp()).status).toBe(202)
    expect((await countStates(url)).dead).toBeUndefined()
    expect((await send(to('dead-letters'), issuer.token(broker()), {})).status).toBe(422)
  })
})

it('503 whoever brings events and is not the broker: any other status would end them', async () => {
  const { to, issuer, received } = await setUp()
  const cases: readonly [TokenOptions | undefined, RegExp][] = [
    [undefined, /Send an OIDC token/],
    [broker({ aud: 'other' }), /another audience/],
    [broker({ sub: 'system:serviceaccount:other:x' }), /is not one of EBB_BROKER_IDENTITY/],
    [broker({ iss: 'https://other.example' }), /issuer of the token is not accepted/],
    [broker({ exp: 1 }), /has expired/],
  ]
  for (const [options, sentence] of cases) {
    for (const path of ['events', 'dead-letters']) {
      const response = await send(to(path), options && issuer.token(options), {})
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([503, 'Bearer error="invalid_token"'])
      expect(((await response.json()) as { message: string }).message).toMatch(sentence)
    }
  }
  expect(received).toEqual([])
})

describe('an event of the broker wakes no function', () => {
  it('422 where it was made up, changed, or says another tenant', async () => {
    const { broker: scripted, to, issuer, received } = await setUp()
    await emit(url, { tenant: 'acme' })
    await settled({ done: 1 })
    await scripted.settled()
    const proof = scripted.stored[0]?.ebbproof
    const token = issuer.token(broker())
    const ask = async (headers: Readonly<Record<string, string>>, body?: string) =>
      (await send(to('events'), token, headers, body)).status
    expect(await ask({})).toBe(422)
    expect(await ask({ 'ce-ebbproof': String(proof).slice(0, -5) })).toBe(422)
    expect(await ask({ 'ce-ebbproof': String(proof) }, '{"n":2}')).toBe(422)
    expect(received).toHaveLength(1)
    // The proof says which tenant, whatever stands beside it; how the JSON is written does not matter.
    expect(await ask({ 'ce-ebbproof': String(proof), 'ce-tenant': 'other' }, '{ "n" : 1 }')).toBe(202)
    expect(received[1]?.headers['ce-tenant']).toBe('acme')
  })

  it('404 for no subscriber of ours, 405, 413 and 415; 202 where its type is another one', async () => {
    const {
      broker: scripted,
      to,
      issuer,
      log,
    } = await setUp({
      subscriptions: [subscription('send-welcome'), subscription('greet-user', { on: 'user.greeted' })],
    })
    await emit(url)
    await settled({ done: 1 })
    await scripted.settled()
    const proof = { 'ce-ebbproof': String(scripted.stored[0]?.ebbproof) }
    const token = issuer.token(broker())
    expect((await send(to('events').replace(/[^/]+$/, 'nobody'), token, proof)).status).toBe(404)
    expect((await send(to('events').replace(/[^/]+$/, 'greet-user'), token, proof)).status).toBe(202)
    expect((await send(to('events').replace('/_/', '/'), token, proof)).status).toBe(404)
    expect((await fetch(to('events'))).status).toBe(405)
    const batch = { 'content-type': 'application/cloudevents-batch+json' }
    expect((await send(to('events'), token, batch, '[]')).status).toBe(415)
    expect((await send(to('events'), token, proof, ' '.repeat(33 * 1024 * 1024))).status).toBe(413)
    expect(log.count('a request to the relay failed')).toBe(0)
  })
})

const send = (to: string, token: string | undefined, headers: Readonly<Record<string, string>>, body = '{"n":1}') =>
  fetch(to, {
    method: 'POST',
    headers: {
      ...{ 'ce-specversion': '1.0', 'ce-id': 'b1946ac9-2492-4d23-9a0c-000000000000', 'ce-type': 'user.created' },
      ...{ 'ce-source': 'create-user', 'content-type': 'application/json' },
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body,
  })
