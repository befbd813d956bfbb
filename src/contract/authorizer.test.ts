import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { authorizer, contractSet, describeAuthorizer, endpoint } from './index.ts'

const parts = {
  ...{ name: 'check-partner', summary: 'Tell partners.' },
  credentials: { headers: ['x-partner-signature'] },
} as const

describe('authorizer()', () => {
  it('sees what its contract names, and keeps an answer for a minute', () => {
    expect(describeAuthorizer(authorizer(parts))).toMatchObject({
      ...{ kind: 'authorizer', ttlSeconds: 60, subjectPrefix: 'check-partner:' },
      credentials: { headers: ['x-partner-signature'], path: false, query: false, body: false },
    })
  })

  it.each<[string, object, string]>([
    ['no header', { credentials: { headers: [] } }, 'credentials.headers'],
    ['no credentials', { credentials: undefined }, 'credentials.headers'],
    ['a header in upper case', { credentials: { headers: ['X-Key'] } }, 'lower case'],
    ["one of the platform's headers", { credentials: { headers: ['ebb-identity'] } }, 'no credential'],
    ['one of the protocol', { credentials: { headers: ['content-length'] } }, 'no credential'],
    ['a header twice', { credentials: { headers: ['x-a', 'x-a'] } }, 'twice'],
    ['an unknown part of a request', { credentials: { headers: ['x-a'], cookies: true } }, 'unknown property'],
    ['a part that is switched off', { credentials: { headers: ['x-a'], body: false } }, 'left out'],
    ['a TTL beyond an hour', { ttlSeconds: 3_601 }, 'ttlSeconds'],
    ['a prefix with spaces', { subjectPrefix: 'a b' }, 'subjectPrefix'],
    ['an unknown property', { path: '/v1/x' }, 'unknown property'],
  ])('refuses %s', (_what, more, sentence) => {
    expect(() => authorizer({ ...parts, ...more } as never)).toThrow(sentence)
  })
})

describe('access.authorizer', () => {
  const offers = (access: object) =>
    endpoint({
      ...{ name: 'list-offers', summary: 'List offers.', method: 'GET', path: '/v1/offers' },
      ...{ reply: { status: 200, body: z.object({}) }, access },
    })

  it('names an authorizer of the project', () => {
    const contracts = { 'check-partner': authorizer(parts), 'list-offers': offers({ authorizer: 'check-partner' }) }
    const { routes, authorizers } = contractSet(contracts, {})
    expect([routes[0]?.authorizer, authorizers.map(({ name }) => name)]).toEqual(['check-partner', ['check-partner']])
  })

  it.each<[string, Record<string, unknown>]>([
    ['none there is', {}],
    ['a function of another kind', { 'check-partner': { ...offers({}), name: 'check-partner', path: '/v1/other' } }],
  ])('refuses %s', (_what, others) => {
    const contracts = { ...others, 'list-offers': offers({ authorizer: 'check-partner' }) }
    expect(() => contractSet(contracts as never, {})).toThrow(/"check-partner" is no authorizer\(\)/)
  })

  it('refuses to go with `anonymous`', () => {
    expect(() => offers({ authorizer: 'check-partner', anonymous: true })).toThrow('never asked')
    expect(() => offers({ authorizer: '' })).toThrow('name of an authorizer')
  })
})
