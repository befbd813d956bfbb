import { createHmac, randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { sign } from '@octokit/webhooks-methods'
import { payload, receive } from 'ebb/contract'
import { createLog } from 'ebb/kernel'
import { Webhook } from 'standardwebhooks'
import { Stripe } from 'stripe'
import * as z from 'zod'
import { contractSet } from '../../src/contract/index.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { forgetReceived } from '../../src/data/queue/history.ts'
import { testGateway } from '../../src/http/gateway/test-support.ts'
import { testDatabase } from '../../src/testing/index.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { openReceiveStore } from './receive-store.ts'

const STANDARD = `whsec_${Buffer.from('of the standard, 24 bytes').toString('base64')}`
const NEXT = `whsec_${Buffer.from('the next one, for rotation').toString('base64')}`
const SECRETS: Readonly<Record<string, readonly string[]>> = {
  GITHUB: ['of-github'],
  STRIPE: ['whsec_of_stripe'],
  STANDARD: [STANDARD, NEXT],
  ACME: ['of-acme'],
  STORE: ['a-token-of-the-store', 'the-next-token'],
}
const Session = z.object({ data: z.object({ object: z.object({ id: z.string() }) }) })
const contracts = contractSet(
  {
    github: receive({
      ...{ name: 'github', summary: 'A test.', path: '/hooks/github', provider: 'github', signedBy: ['GITHUB'] },
      ...{ events: { push: payload<object>(), issues: payload<object>() } },
    }),
    stripe: receive({
      ...{ name: 'stripe', summary: 'A test.', path: '/hooks/stripe', provider: 'stripe', signedBy: ['STRIPE'] },
      ...{ events: { 'checkout.session.completed': Session }, maxBodyBytes: 10_000 },
    }),
    standard: receive({
      ...{
        name: 'standard',
        summary: 'A test.',
        path: '/hooks/standard',
        provider: 'standard',
        signedBy: ['STANDARD'],
      },
      events: { 'user.created': payload<{ readonly type: string }>() },
    }),
    acme: receive({
      ...{ name: 'acme', summary: 'A test.', path: '/hooks/acme', signedBy: ['MISSING', 'ACME'] },
      provider: {
        name: 'acme',
        signature: {
          ...{ header: 'x-acme', prefix: 'v2=', separator: ',', algorithm: 'sha512', encoding: 'base64' },
          content: '{timestamp}:{body}',
        },
        timestamp: { header: 'x-acme-time', toleranceSeconds: 30 },
        id: { body: 'meta.id' },
        event: { header: 'x-acme-event' },
      },
      events: { moved: payload<object>() },
    }),
    timed: receive({
      ...{ name: 'timed', summary: 'A test.', path: '/hooks/timed', signedBy: ['ACME'] },
      provider: {
        name: 'timed',
        signature: { header: 'x-signature', content: '{timestamp}.{body}' },
        timestamp: { header: 'x-time' },
        ...{ id: { header: 'x-id' }, event: { header: 'x-event' } },
      },
      events: { ticked: payload<object>() },
    }),
    store: receive({
      ...{ name: 'store', summary: 'A test.', path: '/hooks/store', signedBy: ['STORE'] },
      provider: {
        ...{ name: 'store', token: { header: 'authorization', prefix: 'Bearer ' } },
        ...{ id: { body: 'Records.0.responseElements.x-amz-request-id' }, event: { body: 'EventName' } },
      },
      events: { 's3:ObjectCreated:Put': payload<object>() },
    }),
    unset: receive({
      ...{ name: 'unset', summary: 'A test.', path: '/hooks/unset', provider: 'github', signedBy: ['MISSING'] },
      events: { ping: payload<object>() },
    }),
  },
  undefined,
)

const { ownerUrl, url } = testDatabase()
const log = createLog({ level: 'silent' })
const pool = createPool(databaseUrlFor('gateway', url), { log })
const owner = createPool(ownerUrl, { log })
afterAll(() => Promise.all([pool.end(), owner.end()]))
beforeEach(() => owner.query('truncate ebb.received_webhook, ebb.outbox'))

async function start(database = pool) {
  const gateway = await testGateway({
    dependencies: {
      contracts: () => contracts,
      receivedWebhooks: openReceiveStore(database, {
        ...{ maxRunning: 4, shed: () => {} },
        secretsOf: (names) => names.flatMap((name) => SECRETS[name] ?? []),
      }),
    },
  })
  const send = async (to: string, { headers, body }: Sent) => {
    const response = await fetch(`${gateway.url}/hooks/${to}`, {
      ...{ method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } },
    })
    const { error, state } = (await response.json()) as { readonly error?: string; readonly state?: string }
    return `${response.status} ${error ?? state}`
  }
  return { ...gateway, send, outcomes: gateway.received }
}

interface Sent {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer<ArrayBuffer>
}

const stored = async () =>
  (await owner.query('select type, subject, payload from ebb.outbox order by created_at, id')).rows
const now = () => Math.floor(Date.now() / 1_000)

const PUSH = JSON.stringify({ ref: 'refs/heads/main', é: 'ü' })
const github = async (
  body = PUSH,
  { secret = 'of-github', event = 'push', id = randomUUID() } = {},
): Promise<Sent> => ({
  headers: { 'x-github-event': event, 'x-github-delivery': id, 'x-hub-signature-256': await sign(secret, body) },
  body,
})

const PAID = { id: 'evt_1', type: 'checkout.session.completed', data: { object: { id: 'cs_1' } } }
const stripe = (value: object = PAID, { secret = 'whsec_of_stripe', at = now(), scheme = 'v1' } = {}): Sent => {
  const body = JSON.stringify(value)
  const signed = Stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp: at, scheme })
  return { headers: { 'stripe-signature': signed }, body }
}

const standard = ({
  secret = STANDARD,
  id = 'msg_1',
  at = new Date(),
  body = '{"type":"user.created"}',
} = {}): Sent => ({
  headers: {
    ...{ 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)) },
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  },
  body,
})
const withHeaders = ({ headers, body }: Sent, more: Readonly<Record<string, string>>): Sent => ({
  ...{ headers: { ...headers, ...more }, body },
})

describe('what has a token in place of a signature', () => {
  const body = JSON.stringify({
    ...{ EventName: 's3:ObjectCreated:Put', Key: 'objects/1' },
    Records: [{ responseElements: { 'x-amz-request-id': '17A0' }, s3: { object: { key: '1' } } }],
  })
  const withToken = (authorization?: string): Sent => ({ headers: authorization ? { authorization } : {}, body })

  it('202 is stored once, by each of the tokens', async () => {
    const { send, invoked } = await start()
    expect(await send('store', withToken('Bearer a-token-of-the-store'))).toBe('202 stored')
    expect(await send('store', withToken('Bearer the-next-token'))).toBe('202 known')
    expect([(await stored()).length, invoked.length]).toEqual([1, 0])
    expect(await stored()).toMatchObject([{ subject: '17A0' }])
    expect(JSON.stringify(await stored())).not.toContain('token')
  })

  it.each([
    ['none', undefined],
    ['another', 'Bearer a-token-of-nobody'],
    ['the beginning of it', 'Bearer a-token-of-the'],
    ['more than it', 'Bearer a-token-of-the-store-'],
    ['it in another scheme', 'Basic a-token-of-the-store'],
    ['nothing in it', 'Bearer '],
  ])('403 with %s', async (_, authorization) => {
    const { send, invoked } = await start()
    expect(await send('store', withToken(authorization))).toBe('403 invalid_signature')
    expect([(await stored()).length, invoked.length]).toEqual([0, 0])
  })
})

describe('what a provider has signed', () => {
  it('202 is stored once with its event, and calls no function', async () => {
    const { send, invoked, outcomes, shortCircuits } = await start()
    const sent = await github()
    expect([await send('github', sent), await send('github', sent)]).toEqual(['202 stored', '202 known'])
    expect([await send('stripe', stripe()), await send('stripe', stripe())]).toEqual(['202 stored', '202 known'])
    expect([await send('standard', standard()), await send('standard', standard())]).toEqual([
      '202 stored',
      '202 known',
    ])
    expect(await stored()).toEqual([
      {
        ...{ type: 'ebb.github.received', subject: sent.headers['x-github-delivery'] },
        payload: {
          ...{ id: sent.headers['x-github-delivery'], event: 'push', receivedAt: expect.any(String) },
          payload: { ref: 'refs/heads/main', é: 'ü' },
        },
      },
      { type: 'ebb.stripe.received', subject: 'evt_1', payload: expect.objectContaining({ payload: PAID }) },
      { type: 'ebb.standard.received', subject: 'msg_1', payload: expect.objectContaining({ event: 'user.created' }) },
    ])
    expect(invoked).toEqual([])
    expect(outcomes).toEqual(['stored', 'duplicate', 'stored', 'duplicate', 'stored', 'duplicate'])
    expect(shortCircuits).toEqual(Array(6).fill('webhook'))
  })

  it('202 one event of twenty that come at once', async () => {
    const { send } = await start()
    const sent = await github()
    const answers = await Promise.all(Array.from({ length: 20 }, () => send('github', sent)))
    expect(answers.filter((answer) => answer === '202 stored')).toHaveLength(1)
    expect(answers.filter((answer) => answer === '202 known')).toHaveLength(19)
    expect(await stored()).toHaveLength(1)
  })

  it('202 by either of two secrets, and where one of several signatures is right', async () => {
    const { send } = await start()
    expect(await send('standard', standard({ secret: NEXT, id: 'msg_2' }))).toBe('202 stored')
    const right = standard()
    const other = standard({ secret: `whsec_${btoa('some other')}` }).headers['webhook-signature']
    const several = `v1a,AAAA ${other} ${right.headers['webhook-signature']}`
    expect(await send('standard', withHeaders(right, { 'webhook-signature': several }))).toBe('202 stored')
    const { headers, body } = stripe()
    const signed = headers['stripe-signature']?.replace('v1=', `v1=${'0'.repeat(64)},v0=${'1'.repeat(64)},v1=`) ?? ''
    expect(await send('stripe', { body, headers: { 'stripe-signature': signed } })).toBe('202 stored')
  })

  it('202 as a description of another provider says', async () => {
    const { send } = await start()
    const acme = (body: string, at = now()) => {
      const signed = createHmac('sha512', 'of-acme').update(`${at}:${body}`).digest('base64')
      return { body, headers: { 'x-acme': `v2=${signed}`, 'x-acme-time': String(at), 'x-acme-event': 'moved' } }
    }
    expect(await send('acme', acme('{"meta":{"id":"7"}}'))).toBe('202 stored')
    expect(await send('acme', acme('{"meta":{"id":"7"},"n":2}'))).toBe('202 known')
    expect(await send('acme', acme('{"meta":{"id":"8"}}', now() - 31))).toBe('403 signature_expired')
  })

  it('202 ignored for an event that the handler does not take', async () => {
    const { send, outcomes } = await start()
    expect(await send('stripe', stripe({ ...PAID, type: 'charge.refunded' }))).toBe('202 ignored')
    expect([await stored(), outcomes]).toEqual([[], ['ignored']])
  })
})

describe('what cannot be read', () => {
  it.each([
    ['no JSON', '{"ref":'],
    ['two of one name', '{"a":1,"a":2}'],
    ['U+0000', '{"a":"\\u0000"}'],
    ['too deep', `${'['.repeat(40)}${']'.repeat(40)}`],
    ['nothing', ' '],
  ])('202 %s is kept as it came, and refused by its handler', async (_what, body) => {
    const { send, outcomes } = await start()
    expect(await send('github', await github(body))).toBe('202 stored')
    const [{ payload }] = (await stored()) as [{ payload: { readonly unparsed: { readonly base64: string } } }]
    expect(Buffer.from(payload.unparsed.base64, 'base64').toString()).toBe(body)
    expect(contracts.validateEvent('github', payload)).toMatchObject({ ok: false })
    expect(outcomes).toEqual(['unparsed'])
  })

  it('202 without an id and a name in it, once', async () => {
    const { send } = await start()
    const { body, headers } = stripe()
    const signed = (text: string) => ({
      body: text,
      headers: {
        'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload: text, secret: 'whsec_of_stripe' }),
      },
    })
    expect([await send('stripe', signed('{}')), await send('stripe', signed('{}'))]).toEqual([
      '202 stored',
      '202 known',
    ])
    expect(await send('stripe', { body, headers })).toBe('202 stored')
    const [first] = await stored()
    expect(contracts.validateEvent('stripe', first?.payload)).toMatchObject({ ok: false })
  })
})

describe('what is forged, too old, or sent again', () => {
  const signedGithub = async (change: (signature: string) => string | undefined) => {
    const { headers, body } = await github()
    const { 'x-hub-signature-256': signature = '', ...rest } = headers
    const changed = change(signature)
    return { body, headers: { ...rest, ...(changed === undefined ? {} : { 'x-hub-signature-256': changed }) } }
  }
  const signedStripe = (change: (signature: string) => string) => {
    const { headers, body } = stripe()
    return { body, headers: { 'stripe-signature': change(headers['stripe-signature'] ?? '') } }
  }
  const signedStandard = (more: Readonly<Record<string, string>>) => withHeaders(standard(), more)
  const zeros = '0'.repeat(64)
  const forgeries: readonly (readonly [string, string, () => Promise<Sent> | Sent])[] = [
    ['github', 'another secret', () => github(PUSH, { secret: 'of-nobody' })],
    ['github', 'no signature', () => signedGithub(() => undefined)],
    ['github', 'an empty signature', () => signedGithub(() => 'sha256=')],
    ['github', 'no prefix', () => signedGithub((signature) => signature.slice(7))],
    ['github', 'SHA-1 in its name', () => signedGithub((signature) => signature.replace('sha256', 'sha1'))],
    ['github', 'half of a signature', () => signedGithub((signature) => signature.slice(0, 39))],
    ['github', 'a signature and more', () => signedGithub((signature) => `${signature}00`)],
    [
      'github',
      'a signature with one bit changed',
      () => signedGithub((signature) => signature.slice(0, -1) + (signature.endsWith('0') ? '1' : '0')),
    ],
    ['github', 'the right one after a comma', () => signedGithub((signature) => `sha256=${zeros},${signature}`)],
    [
      'github',
      'Base64',
      () => signedGithub((signature) => `sha256=${Buffer.from(signature.slice(7), 'hex').toString('base64')}`),
    ],
    ['github', 'another body', async () => ({ ...(await github()), body: PUSH.replace('main', 'evil') })],
    [
      'github',
      'the same JSON in other bytes',
      async () => ({ ...(await github()), body: JSON.stringify(JSON.parse(PUSH), null, 1) }),
    ],
    ['github', 'a byte more', async () => ({ ...(await github()), body: `${PUSH}\n` })],
    ['github', 'no body', async () => ({ ...(await github()), body: '' })],
    [
      'github',
      "Stripe's signature",
      () => ({ ...stripe(PAID, { secret: 'of-github' }), headers: { ...stripe().headers, 'x-github-event': 'push' } }),
    ],
    ['stripe', 'another secret', () => stripe(PAID, { secret: 'whsec_of_nobody' })],
    ['stripe', 'an empty secret', () => stripe(PAID, { secret: ' ' })],
    ['stripe', 'the scheme of tests', () => stripe(PAID, { scheme: 'v0' })],
    ['stripe', 'no time', () => signedStripe((signature) => signature.replace(/^t=\d+,/, ''))],
    ['stripe', 'another time', () => signedStripe((signature) => signature.replace(/t=\d+/, `t=${now() + 1}`))],
    ['stripe', 'two times', () => signedStripe((signature) => `t=${now() + 1},${signature}`)],
    ['stripe', 'another time after the right one', () => signedStripe((signature) => `${signature},t=${now() + 1}`)],
    ['stripe', 'a time in words', () => signedStripe((signature) => signature.replace(/t=\d+/, 't=now'))],
    ['stripe', 'another body', () => ({ ...stripe(), body: JSON.stringify({ ...PAID, id: 'evt_2' }) })],
    ['stripe', 'a hundred guesses', () => signedStripe((signature) => `${`v1=${zeros},`.repeat(100)}${signature}`)],
    ['standard', 'another secret', () => standard({ secret: `whsec_${btoa('of nobody, and long enough')}` })],
    ['standard', 'another id', () => signedStandard({ 'webhook-id': 'msg_2' })],
    ['standard', 'another time', () => signedStandard({ 'webhook-timestamp': String(now() + 1) })],
    [
      'standard',
      'another version',
      () =>
        signedStandard({ 'webhook-signature': standard().headers['webhook-signature']?.replace('v1,', 'v2,') ?? '' }),
    ],
    [
      'standard',
      'no id',
      () => ({
        ...standard(),
        headers: Object.fromEntries(Object.entries(standard().headers).filter(([name]) => name !== 'webhook-id')),
      }),
    ],
  ]

  it('403 each forgery, with no function called and nothing stored', async () => {
    const { send, invoked, outcomes } = await start()
    expect(forgeries.length).toBeGreaterThanOrEqual(20)
    for (const [to, what, make] of forgeries)
      expect([to, what, await send(to, await make())]).toEqual([to, what, '403 invalid_signature'])
    expect([invoked, await stored()]).toEqual([[], []])
    expect(outcomes).toEqual(forgeries.map(() => 'forged'))
    expect((await owner.query('select from ebb.received_webhook')).rowCount).toBe(0)
  })

  it.each([
    [-240, '202 stored'],
    [290, '202 stored'],
    [-310, '403 signature_expired'],
    [360, '403 signature_expired'],
  ])('one that was signed %i s from now: %s', async (seconds, expected) => {
    const { send } = await start()
    expect(await send('stripe', stripe(PAID, { at: now() + seconds }))).toBe(expected)
    expect(await send('standard', standard({ at: new Date(Date.now() + seconds * 1_000) }))).toBe(expected)
    expect(await stored()).toHaveLength(expected.startsWith('202') ? 2 : 0)
  })

  it('409 what GitHub has signed once under another id, or as another event', async () => {
    const { send, outcomes } = await start()
    expect(await send('github', await github())).toBe('202 stored')
    expect(await send('github', await github())).toBe('409 webhook_replayed')
    expect(await send('github', await github(PUSH, { event: 'issues' }))).toBe('409 webhook_replayed')
    expect([(await stored()).length, outcomes]).toEqual([1, ['stored', 'replayed', 'replayed']])
  })
})

describe('an id that is not signed', () => {
  const timed = (id: string, at: number): Sent => {
    const signature = createHmac('sha256', 'of-acme').update(`${at}.{}`).digest('hex')
    return { headers: { 'x-signature': signature, 'x-time': String(at), 'x-id': id, 'x-event': 'ticked' }, body: '{}' }
  }

  it('409 under another one, but for what was signed at another time', async () => {
    const { send } = await start()
    const at = now()
    const sent = [timed('1', at), timed('2', at), timed('1', at + 1), timed('2', at + 1)]
    const answers: string[] = []
    for (const one of sent) answers.push(await send('timed', one))
    expect(answers).toEqual(['202 stored', '409 webhook_replayed', '202 known', '202 stored'])
  })
})

describe('the store', () => {
  it('503 while it is away, so that the provider sends the webhook again', async () => {
    const away = createPool('postgres://nobody@127.0.0.1:1/nothing', { log })
    const { send, outcomes } = await start(away)
    expect(await send('github', await github())).toBe('503 unavailable')
    expect(outcomes).toEqual([])
    await away.end()
  })

  it('forgets after 90 days, and takes what is sent then as new', async () => {
    const relay = createPool(databaseUrlFor('relay', url), { log })
    const { send } = await start()
    const [old, young] = [await github('{"n":1}'), await github('{"n":2}')]
    expect([await send('github', old), await send('github', young)]).toEqual(['202 stored', '202 stored'])
    const id = old.headers['x-github-delivery']
    await owner.query(`update ebb.received_webhook set received_at = now() - interval '90 days 1 s' where id = $1`, [
      id,
    ])
    await forgetReceived(relay)
    expect([await send('github', old), await send('github', young)]).toEqual(['202 stored', '202 known'])
    await relay.end()
  })
})

describe('what is compressed, mis-declared, too large or broken off', () => {
  it('415 and 413 before anything is checked', async () => {
    const { send, invoked } = await start()
    const { headers } = await github()
    const packed = gzipSync(PUSH)
    expect(await send('github', { headers: { ...headers, 'content-encoding': 'gzip' }, body: packed })).toBe(
      '415 unsupported_media_type',
    )
    const form = 'application/x-www-form-urlencoded'
    expect(
      await send('github', {
        headers: { ...headers, 'content-type': form },
        body: `payload=${encodeURIComponent(PUSH)}`,
      }),
    ).toBe('415 unsupported_media_type')
    expect(await send('stripe', stripe({ ...PAID, more: 'x'.repeat(10_000) }))).toBe('413 payload_too_large')
    expect([invoked, await stored()]).toEqual([[], []])
  })

  it('one that breaks off leaves nothing', async () => {
    const { port, answered } = await start()
    const { headers, body } = await github()
    const lines = Object.entries({
      ...headers,
      host: 'x',
      'content-type': 'application/json',
      'content-length': String(body.length + 10),
    })
    const socket = connect(port, '127.0.0.1')
    socket.end(`POST /hooks/github HTTP/1.1\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n${body}`)
    await new Promise((resolve) => socket.resume().once('close', resolve))
    expect([answered.length <= 1, await stored()]).toEqual([true, []])
  })

  it('405 by GET, and 503 while no secret is set', async () => {
    const { url, send, outcomes } = await start()
    expect((await fetch(`${url}/hooks/github`)).status).toBe(405)
    expect(await send('unset', await github())).toBe('503 unavailable')
    expect(outcomes).toEqual(['unconfigured'])
  })
})
