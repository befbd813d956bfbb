import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { describeSubscriber } from './describe.ts'
import { describeReceive } from './describe-receive.ts'
import { payload, receive } from './receive.ts'
import type { ReceiveShape, WebhookProvider } from './receive-shape.ts'

const acme: WebhookProvider = {
  name: 'acme',
  signature: { header: 'x-acme', content: '{body}' },
  id: { body: 'id' },
  event: { header: 'x-acme-event' },
}
const shape = {
  ...{ name: 'take-hooks', summary: 'Take them.', path: '/v1/hooks', provider: 'github', signedBy: ['HOOKS'] },
  events: { push: payload<{ ref: string }>() },
} as const satisfies ReceiveShape

const refusal = (change: object) => {
  try {
    // What is wrong is what the types would refuse.
    receive({ ...shape, ...change } as typeof shape)
  } catch (error) {
    return String(error)
  }
  return 'taken'
}
const described = (change: object, signature: object = {}) => ({
  provider: { ...acme, signature: { ...acme.signature, ...signature }, ...change },
})

const withToken = (token: object, more: object = {}) => ({
  provider: { name: 'store', token, id: { body: 'id' }, event: { body: 'type' }, ...more },
})

describe('receive', () => {
  it('is a route of the gateway, and takes an event that is its own', () => {
    const contract = receive({ ...shape, events: { push: z.object({ ref: z.string() }), ping: payload<object>() } })
    expect(describeReceive(contract)).toMatchObject({
      ...{ kind: 'receive', method: 'POST', path: '/v1/hooks', anonymous: true },
      webhook: {
        ...{ signedBy: ['HOOKS'], events: ['push', 'ping'], idSigned: false, on: 'ebb.take_hooks.received' },
        provider: { name: 'github', signature: { algorithm: 'sha256', encoding: 'hex', key: 'text' } },
      },
    })
    expect(describeSubscriber(contract)).toMatchObject({ kind: 'receive', on: 'ebb.take_hooks.received' })
  })

  it('knows whose ids are signed', () => {
    const idSigned = (provider: ReceiveShape['provider']) =>
      describeReceive(receive({ ...shape, provider })).webhook?.idSigned
    expect((['github', 'stripe', 'standard', acme] as const).map(idSigned)).toEqual([false, true, true, true])
  })

  it.each([
    [{ path: '/v1/hooks/{id}' }, 'has a parameter'],
    [{ path: '/v1/invocations/hooks' }, "is the platform's own"],
    [{ path: 'hooks' }, 'must be segments'],
    [{ signedBy: [] }, 'name in `signedBy` the secret'],
    [{ signedBy: ['hooks'] }, 'must be named in UPPER_SNAKE'],
    [{ signedBy: ['EBB_HOOKS'] }, 'is named like a setting of the platform'],
    [{ signedBy: ['A', 'A'] }, 'names a secret twice'],
    [{ secrets: ['HOOKS'] }, 'for the gateway alone'],
    [{ events: {} }, 'name in `events` what the handler takes'],
    [{ events: { push: 7 } }, 'must be a zod schema, or payload()'],
    [{ events: { push: z.date() } }, 'in events "push"'],
    [{ maxBodyBytes: 9 * 1024 * 1024 }, 'maxBodyBytes must be whole'],
    [{ method: 'POST' }, 'unknown property `method`'],
    [{ provider: 'gitlab' }, 'must be one of github, stripe, standard, or described'],
    [described({ name: 'A C' }), 'provider.name must be'],
    [described({ id: {} }), 'provider.id must be { header: … } or { body: … }'],
    [described({ event: { header: 'X-Event' } }), 'must be the name of a header, in lower case'],
    [described({ event: { body: 'a..b' } }), 'must be names with dots'],
    [described({}, { content: 'body' }), 'must have {body} once'],
    [described({}, { content: '{body}{url}' }), 'has {url}, which is nothing here'],
    [described({}, { content: '{timestamp}.{body}' }), 'say where that is'],
    [described({}, { content: '{id}.{body}' }), 'must then be in a header'],
    [described({}, { algorithm: 'md5' }), 'algorithm must be one of'],
    [described({}, { secret: 'x' }), 'unknown property `secret`'],
    [described({ timestamp: { header: 'x-time' } }), 'provider.timestamp is not signed'],
    [described({ token: { header: 'authorization' } }), 'has a signature and a token'],
    [withToken({ header: 'Authorization' }), 'must be the name of a header, in lower case'],
    [withToken({ header: 'authorization', scheme: 'Bearer' }), 'unknown property `scheme`'],
    [withToken({ header: 'x-token' }, { timestamp: { header: 'x-time' } }), 'a token signs nothing'],
    [
      described({ timestamp: { header: 'x-time', toleranceSeconds: 7_200 } }, { content: '{timestamp}{body}' }),
      'toleranceSeconds must be whole',
    ],
  ])('refuses %j', (change, sentence) => {
    expect(refusal(change)).toContain(sentence)
  })
})
